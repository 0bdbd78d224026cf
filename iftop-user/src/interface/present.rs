//! Whether an interface is still there, asked often and cheaply.
#![expect(unsafe_code, reason = "if_indextoname(3)")]

/// Whether there is an interface of this index in the namespace of the calling thread. One that was
/// deleted or moved to another namespace is not; one that was renamed is.
pub fn is_present(index: u32) -> bool {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: the buffer is as long as the function demands.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr()) };
    !found.is_null()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface;

    #[test]
    fn what_is_listed_is_present() {
        for interface in interface::all().unwrap() {
            assert!(is_present(interface.index), "{interface:?}");
        }
        assert!(!is_present(0));
    }
}
