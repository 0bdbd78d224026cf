//! Whether `docs/faults.md` is true of the tests that there are.

use std::{fs, path::Path};

/// Faults of the list, by their number.
const FAULTS: usize = 43;
/// Those for which a reason may stand in place of a test.
const MOST_WITHOUT_TEST: usize = 4;
/// Where tests are, and the code whose modules have tests.
const ROOTS: [&str; 3] = ["tests", "iftop-user/src", "iftop-common/src"];

#[test]
fn each_fault_has_a_row_with_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("docs/faults.md")).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| #"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let mut without = Vec::new();
    for (row, number) in rows.iter().zip(1..) {
        let [first, fault, expected, happens, tests] = row[..] else { panic!("five: {row:?}") };
        assert_eq!(first.parse(), Ok(number), "{row:?}");
        assert!([fault, expected, happens].iter().all(|cell| !cell.is_empty()), "{row:?}");
        let names: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        for name in &names {
            assert!(is_test(&root, name), "{number}: there is no test {name}");
        }
        if names.is_empty() {
            without.push(number);
        }
    }
    assert_eq!(rows.len(), FAULTS);
    assert!(without.len() <= MOST_WITHOUT_TEST, "{without:?}");
}

/// A test by the name that cargo prints: modules, then the function. Modules without a file stand in that of
/// the module around them.
fn is_test(root: &Path, name: &str) -> bool {
    let mut modules: Vec<_> = name.split("::").collect();
    let function = format!("fn {}(", modules.pop().unwrap());
    let has_test = |path: &Path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        let found = lines.iter().position(|line| line.contains(&function));
        found.is_some_and(|found| {
            lines[found.saturating_sub(3)..found].iter().any(|line| line.ends_with("test]"))
        })
    };
    ROOTS.iter().any(|folder| {
        (1..=modules.len()).any(|depth| {
            let file = format!("{}.rs", modules[..depth].join("/"));
            has_test(&root.join(folder).join(file))
        })
    })
}
