//! iftop as a library.
