//! A terminal's screen cell by cell: which of them are in reverse video, which underlined.
//!
//! Owns how tmux writes that down. It must never know what the cells mean.

/// A screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cells(Vec<Vec<Cell>>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cell {
    character: char,
    look: Look,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    reversed: bool,
    underlined: bool,
}

impl Cells {
    /// From what `capture-pane -e -N` prints: text, and a sequence wherever the look changes.
    pub fn parse(captured: &str) -> Self {
        let mut look = Look::default();
        let lines = captured.lines().map(|line| {
            let (mut cells, mut rest) = (Vec::new(), line);
            while let Some(character) = rest.chars().next() {
                if let Some((numbers, after)) =
                    rest.strip_prefix("\x1b[").and_then(|sequence| sequence.split_once('m'))
                {
                    look = look.after(numbers);
                    rest = after;
                    continue;
                }
                // The others change the set of characters.
                if !character.is_control() {
                    cells.push(Cell { character, look });
                }
                rest = &rest[character.len_utf8()..];
            }
            cells
        });
        Self(lines.collect())
    }

    /// Lines without the blanks at their ends.
    pub fn text(&self) -> String {
        let text = |cells: &Vec<Cell>| cells.iter().map(|cell| cell.character).collect::<String>();
        self.0.iter().map(|cells| text(cells).trim_end().to_owned() + "\n").collect()
    }

    /// How many cells of a line are in reverse video, from column 0 and without a gap.
    pub fn reversed(&self, line: usize) -> usize {
        let cells = &self.0[line];
        let reversed = cells.iter().take_while(|cell| cell.look.reversed).count();
        assert!(!cells[reversed..].iter().any(|cell| cell.look.reversed), "a gap: {cells:?}");
        reversed
    }

    /// The lines that begin with a cell in reverse video; the first is not asked.
    pub fn bars(&self) -> Vec<usize> {
        (1..self.0.len()).filter(|line| self.reversed(*line) > 0).collect()
    }

    /// The message in reverse video at the upper left.
    pub fn hint(&self) -> String {
        let cells = self.0[0].iter().take_while(|cell| cell.look.reversed);
        cells.map(|cell| cell.character).collect::<String>().trim().to_owned()
    }

    /// The text of the lines that are underlined.
    pub fn underlined(&self) -> String {
        let is_underlined = |cells: &&Vec<Cell>| cells.iter().any(|cell| cell.look.underlined);
        Self(self.0.iter().filter(is_underlined).cloned().collect()).text()
    }
}

impl Look {
    /// After the numbers of a sequence that selects how characters look; colours are none of ours.
    fn after(self, numbers: &str) -> Self {
        let mut look = self;
        let mut numbers = numbers.split(';');
        while let Some(number) = numbers.next() {
            match number {
                "" | "0" => look = Self::default(),
                "4" => look.underlined = true,
                "7" => look.reversed = true,
                "24" => look.underlined = false,
                "27" => look.reversed = false,
                "38" | "48" => {
                    let arguments = if numbers.next() == Some("5") { 1 } else { 3 };
                    numbers.by_ref().take(arguments).for_each(drop);
                }
                _ => {}
            }
        }
        look
    }
}

#[test]
fn looks_are_read() {
    let cells =
        Cells::parse("\x1b[7m hint \x1b[0m 1.0\x1b[38;5;7m \n\x1b[7mab\nc\x1b[27md\x1b[4me\n");
    assert_eq!(cells.text(), " hint  1.0\nab\ncde\n");
    assert_eq!(cells.hint(), "hint");
    assert_eq!((cells.reversed(0), cells.reversed(1), cells.reversed(2)), (6, 2, 1));
    assert_eq!((cells.bars(), cells.underlined().as_str()), (vec![1, 2], "cde\n"));
}
