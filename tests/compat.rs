//! Against classic iftop itself, which runs beside ours on the same packets, and against the
//! programs that read its reports.
//!
//! The numbers of the cases are those of one list of all that is to be compared:
//!
//! | numbers | where |
//! |---|---|
//! | 2 | `layout`, `rates`, `aggregates` |
//! | 3 to 14, 16 to 18, 25, 26, 29, 30 | `cases` |
//! | 1, 15, 21 to 23, 26b, 27, 28, 39, 41, 42 | `running` |
//! | 19, 20 | the scenarios of the flow table |
//! | 15 (`-c`), 24 | `config`, and the tests of the configuration file |
//! | 31 | the bulk transfers in `counting`; `aggregates` |
//! | 16 (`port-display`), 32 to 35, 37, 40 | `screen::classic`; `screen::job` for signals |
//! | 38 | `names`, without classic iftop |
//!
//! Missing are packet filters beside classic iftop (11 in part, 36; `filter` holds them against libpcap),
//! and links without hardware addresses beside it (41 in part).

mod aggregates;
mod cases;
mod consumers;
mod layout;
mod rates;
mod running;
