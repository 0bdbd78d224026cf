//! What stands where on the screen of 80 columns, read from its text.

/// The rows of the list: its lines without numbers, and without those that say nothing more.
pub fn rows(screen: &str) -> Vec<String> {
    list(screen)
        .map(|line| {
            let hosts: String = line.chars().take(56).collect();
            hosts.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .filter(|row| !row.is_empty() && row != "<=")
        .collect()
}

/// Its lines, with all that stands in them.
pub fn list(screen: &str) -> impl Iterator<Item = &str> {
    let below_scale = screen.lines().skip(1).skip_while(|line| line.starts_with('└'));
    below_scale.take_while(|line| !line.starts_with("── "))
}

/// Whether a line begins so.
pub fn has_line(screen: &str, line: usize, start: &str) -> bool {
    screen.lines().nth(line).is_some_and(|line| line.starts_with(start))
}

/// The number of one of the totals, over 2, 10 or 40 seconds.
pub fn rate<'a>(screen: &'a str, total: &str, window: usize) -> &'a str {
    numbers(screen, total)
        .and_then(|numbers| numbers.get(56 + window * 8..)?.split_whitespace().next())
        .unwrap_or_default()
}

/// What a total has come to since start.
pub fn count<'a>(screen: &'a str, total: &str) -> &'a str {
    numbers(screen, total).and_then(|numbers| numbers.get(22..30)).unwrap_or_default().trim()
}

fn numbers<'a>(screen: &'a str, total: &str) -> Option<&'a str> {
    screen.lines().find(|line| line.starts_with(total))
}
