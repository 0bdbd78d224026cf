//! The pages that stand in place of the table.

use super::*;

/// A page of what is looked at closer.
fn closer(key: KeyCode, closeup: Closeup) -> App {
    let mut app = app(fixture::hosts(), "");
    app.dump_by("tcpdump -ni eth0".to_owned());
    app.key(KeyEvent::from(key));
    let elapsed = Duration::from_secs(3725);
    app.show(View { closeup: Some(closeup), elapsed, ..fixture::hosts() });
    app
}

fn interface(history: Vec<Point>) -> Closeup {
    let count = |bytes, packets| Count { bytes, packets };
    let carried = Pair { sent: count(39_500_000, 41_000), received: count(1_200_000, 3_100) };
    Closeup::Interface { history, at: Duration::from_secs(3725), carried }
}

#[test]
fn what_is_looked_at_closer() {
    let row = fixture::ports().rows.remove(1);
    let mut detail = fixture::detail(Row { protocol: Some(6), ..row });
    let of_row = |detail: &Detail| closer(KeyCode::Enter, Closeup::Row(Box::new(detail.clone())));
    let mut network = fixture::detail(fixture::networks().rows.remove(0));
    network.packets = "net 198.51.0.0/16".to_owned();
    insta::assert_snapshot!("detail_network", screen(&of_row(&network), 80, 24));
    insta::assert_snapshot!("detail_80x24", screen(&of_row(&detail), 80, 24));
    insta::assert_snapshot!("detail_160x40", screen(&of_row(&detail), 160, 40));
    insta::assert_snapshot!("detail_40x20", screen(&of_row(&detail), 40, 20));
    let mut end = of_row(&detail);
    end.key(KeyEvent::from(KeyCode::End));
    insta::assert_snapshot!("detail_40x20_end", screen(&end, 40, 20));

    let trunk = fixture::detail(detail.row.clone());
    let trunk = of_row(&Detail { vlans: (0..4095).collect(), ..trunk });
    let shown = screen(&trunk, 160, 40);
    assert!(
        shown.contains("VLANs none, 1, 2,") && shown.contains(", 15, and 4,079 more"),
        "{shown}"
    );

    // There was no room for the older steps, and no flow is left.
    detail.history.iter_mut().take(40).for_each(|point| point.traffic = None);
    (detail.flows, detail.vlans) = (0, [0].into());
    let ascii = Status { unicode: false, netns: Some("web"), ..STATUS };
    insta::assert_snapshot!("detail_ascii", text(&render(&of_row(&detail), &ascii, 80, 24)));

    let of_interface = |history| closer(KeyCode::Char('g'), interface(history));
    insta::assert_snapshot!("chart_80x24", screen(&of_interface(fixture::history()), 80, 24));
    let short = fixture::history().split_off(48);
    insta::assert_snapshot!("chart_begins", screen(&of_interface(short), 80, 24));
    insta::assert_snapshot!("chart_empty", screen(&of_interface(Vec::new()), 80, 24));
}

#[test]
fn bars_of_the_chart_are_as_high_as_its_numbers() {
    let step = |number, bytes| Point {
        number,
        duration: Duration::from_secs(10),
        is_open: false,
        traffic: Some(Pair {
            sent: Count { bytes, packets: 1 },
            received: Count { bytes: 0, packets: 0 },
        }),
    };
    // In eighths of 8 lines: 64 of the highest, and never none of something.
    let bytes = [0, 1, 10_000, 20_000, 30_000, 40_000, 640_000, 320_000];
    let history: Vec<_> = (0..).zip(bytes).map(|(number, bytes)| step(number, bytes)).collect();
    let app = closer(KeyCode::Char('g'), interface(history));
    let buffer = render(&app, &STATUS, 80, 29);
    let eighths = |column: u16| -> usize {
        let levels = " ▁▂▃▄▅▆▇█";
        let cells = (7..15).map(|row| buffer[(column, row)].symbol().chars().next().unwrap());
        cells.map(|cell| levels.chars().position(|level| level == cell).unwrap()).sum()
    };
    let end = 12 + 61;
    let heights: Vec<_> = (end - 8..end).map(eighths).collect();
    assert_eq!(heights, [0, 1, 1, 2, 3, 4, 64, 32]);
}

#[test]
fn how_the_counting_goes() {
    let mut view = fixture::hosts();
    view.account.not_ip.packets = 214;
    view.account.malformed.packets = 3;
    insta::assert_snapshot!("health_80x24", screen(&app(view.clone(), "i"), 80, 24));
    insta::assert_snapshot!("health_60x20", screen(&app(view.clone(), "i"), 60, 20));
    insta::assert_snapshot!("health_40x10", screen(&app(view.clone(), "i"), 40, 10));
    let inside = Status { netns: Some("web"), ..STATUS };
    insta::assert_snapshot!(
        "health_netns",
        text(&render(&app(view.clone(), "i"), &inside, 80, 24))
    );
    view.health = fixture::lossy();
    let lossy = app(view, "i");
    insta::assert_snapshot!("health_lossy", screen(&lossy, 80, 24));
    let mut end = lossy;
    end.key(KeyEvent::from(KeyCode::End));
    insta::assert_snapshot!("health_40x10_end", screen(&end, 40, 10));
    let unknown = app(View::default(), "i");
    insta::assert_snapshot!("health_unknown", screen(&unknown, 80, 24));
    for (width, height) in [(1, 1), (12, 30), (40, 8), (40, 3), (300, 100)] {
        screen(&end, width, height);
    }
}
