//! The gate before the counting, for packet filters: an array of programs for each direction, that
//! jump to one another.
//!
//! The program at the hook jumps to the filter, which user space puts there and takes away; the filter
//! jumps on to the one that counts or to the one that turns away. So a filter is changed by one store
//! of the kernel's, and no packet meets none. (The array is emptied when its last descriptor is closed.)

/// The filter; without one all packets are counted.
pub const FILTER: u32 = 0;
/// The program that counts.
pub const COUNT: u32 = 1;
/// The program that counts what was turned away.
pub const REJECT: u32 = 2;
/// Length of the array.
pub const PROGRAMS: u32 = 3;
