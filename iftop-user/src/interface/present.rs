//! Whether an interface is still there, asked often and cheaply.
#![expect(unsafe_code, reason = "if_indextoname(3) and if_nametoindex(3)")]

use std::ffi::{CStr, CString};

/// The name of the interface of this index in the namespace of the calling thread. One that was deleted or
/// moved to another namespace has none; one that was renamed has another than before.
pub fn name_of(index: u32) -> Option<String> {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: the buffer is as long as the function demands.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr()) };
    if found.is_null() {
        return None;
    }
    // SAFETY: the function has put a string with its end there.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    Some(name.to_string_lossy().into_owned())
}

/// Whether there is an interface of this index.
pub fn is_present(index: u32) -> bool {
    name_of(index).is_some()
}

/// The index of the interface of this name, where there is one. What has it beside its own is another.
pub fn index_of(name: &str) -> Option<u32> {
    let text = CString::new(name).ok()?;
    // SAFETY: a string with its end, which lives.
    let index = unsafe { libc::if_nametoindex(text.as_ptr()) };
    (name_of(index).as_deref() == Some(name)).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface;

    #[test]
    fn what_is_listed_is_present() {
        for interface in interface::all().unwrap() {
            assert_eq!(name_of(interface.index).as_ref(), Some(&interface.name));
            assert_eq!(index_of(&interface.name), Some(interface.index));
        }
        assert!(!is_present(0));
        assert_eq!(index_of("no such one"), None);
        assert_eq!(index_of("\0"), None);
    }
}
