//! End to end, for as long as one likes: coming and going disturbs nobody, and staying takes nothing.
//!
//! In the suite these are short: `docs/soak.md` says by what each is made long, and what came of that.

mod churn;
mod cycles;
mod soak;

/// A number that the environment may say.
fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |number| number.parse().unwrap())
}
