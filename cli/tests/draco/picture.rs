//! The picture of `draco plan --svg`, and its exit codes.

use roxmltree::{Document, Node};

use crate::{file, run, run_on};

fn drawn(name: &str, list: &str, args: &[&str]) -> String {
    let path = file(name, "");
    let ran = run_on(list, &[&["plan", "--svg", &path], args].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    std::fs::read_to_string(path).expect("a picture")
}

fn count(svg: &Document<'_>, tag: &str, class: &str) -> usize {
    svg.descendants()
        .filter(|node| node.has_tag_name(tag_of(svg, tag)) && node.attribute("class") == Some(class))
        .count()
}

fn tag_of<'a>(svg: &'a Document<'_>, tag: &'a str) -> (&'a str, &'a str) {
    (svg.root_element().tag_name().namespace().expect("a namespace"), tag)
}

#[test]
fn the_picture_shows_the_same_calendar_as_the_terminal() {
    let list = std::fs::read_to_string(crate::root().join("samples/a-year-of-orders.json")).expect("the sample");
    let text = drawn("year.svg", &list, &["--lifecycle", "Standard"]);
    let svg = Document::parse(&text).expect("XML");
    let calendar = run(&["plan", "samples/a-year-of-orders.json", "--lifecycle", "Standard"]).out;
    let glyphs = |glyph| calendar.matches(glyph).count() - 1; // The legend has one of each.
    let boxes = |class| count(&svg, "rect", class) - usize::from(class != "deleted");
    assert_eq!((boxes("kept"), boxes("empty")), (glyphs("■"), glyphs("·")));
    // The legend has one for deleted and one for "some of each".
    assert_eq!(boxes("deleted") - 2, glyphs("□"));
}

#[test]
fn the_picture_is_as_wide_as_its_longest_line() {
    let wide = |database: &str| {
        let list = format!(r#"[{{"id": "a", "taken": "2026-11-21T03:06:39Z", "database": "{database}"}}]"#);
        let text = drawn("wide.svg", &list, &[]);
        let svg = Document::parse(&text).expect("XML");
        svg.root_element().attribute("width").and_then(|width| width.parse::<usize>().ok()).expect("a width")
    };
    assert_eq!((wide("orders"), wide(&"o".repeat(100))), (682, 1048));
}

#[test]
fn a_day_with_very_many_snapshots_tells_of_some() {
    let rows: Vec<String> =
        (0..60).map(|minute| format!(r#"{{"id": "a-{minute}", "taken": "2026-11-21T03:{minute:02}:00Z"}}"#)).collect();
    let text = drawn("many.svg", &format!("[{}]", rows.join(",")), &[]);
    assert!(
        text.contains("a-36 keep") && !text.contains("a-35 keep") && text.contains("\nand 36 more</title>"),
        "{text}"
    );
}

#[test]
fn the_tooltip_of_a_day_lists_its_snapshots() {
    let text = drawn(
        "tooltip.svg",
        r#"[{"id": "<a&\"b\uffff", "taken": "2026-11-21T03:06:39Z", "lifecycle": "Standard"},
            {"id": "c", "taken": "2026-11-21T02:06:39Z"}]"#,
        &[],
    );
    let svg = Document::parse(&text).expect("XML");
    let titles: Vec<&str> = svg
        .descendants()
        .filter(|node| node.has_tag_name(tag_of(&svg, "title")))
        .filter_map(|n: Node<'_, '_>| n.text())
        .collect();
    assert_eq!(
        titles,
        [
            "Which snapshots are kept",
            "<a&\"b keep: daily 1 of 7, weekly 1 of 5, monthly 1 of 12, yearly 1 of 7\n\
             c delete: daily keeps only the newest of a day; weekly keeps only the newest of a week; \
             monthly keeps only the newest of a month; yearly keeps only the newest of a year",
        ],
    );
}

#[test]
fn a_picture_that_cannot_be_written_exits_with_1() {
    for (path, cause) in [
        ("nosuch/plan.svg", "No such file or directory (os error 2)"),
        ("doc", "Is a directory (os error 21)"),
        ("/dev/full", "No space left on device (os error 28)"),
    ] {
        let ran = run(&["plan", "samples/a-year-of-orders.json", "--lifecycle", "Standard", "--svg", path]);
        let expected = format!("error: writing the picture {path}: {cause}\n");
        assert_eq!((ran.err, ran.out.as_str(), ran.code), (expected, "", Some(1)));
    }
}

#[test]
fn a_large_picture_needs_an_option() {
    let rows: Vec<String> = (0..60_000)
        .map(|n| {
            let (database, day) = (n % 300, n / 300);
            let (month, day) = (day / 28 + 1, day % 28 + 1);
            format!(r#"{{"id":"{n}","taken":"2026-{month:02}-{day:02}T03:05:00Z","database":"db-{database}"}}"#)
        })
        .collect();
    let list = format!("[{}]", rows.join(","));
    let path = file("large.svg", "unchanged");
    let args = ["plan", "--lifecycle", "Standard", "--summary", "--svg", &path];

    let ran = run_on(&list, &args);
    let (before, after) = ran.err.split_once(" MB, ").expect("a size");
    let (before, estimate) = before.rsplit_once(' ').expect("a size");
    assert_eq!(before, "error: the picture of 300 databases would be about");
    assert_eq!(
        after,
        "and the limit is 10 MB; select databases with --database NAME, print one line for each with --summary, \
         or allow a large picture with --large-svg\n",
    );
    assert_eq!((ran.out.as_str(), ran.code), ("", Some(2)));
    assert_eq!(std::fs::read_to_string(&path).expect("a file"), "unchanged");

    let ran = run_on(&list, &[&args[..], &["--large-svg"]].concat());
    assert_eq!((ran.err.as_str(), ran.code), ("", Some(0)));
    let size = std::fs::metadata(&path).expect("a picture").len().div_ceil(1_000_000);
    let estimate: u64 = estimate.parse().expect("a number");
    assert!(estimate.abs_diff(size) <= size / 10, "estimated {estimate} MB, but it has {size} MB");

    let ran = run_on(&list, &[&args[..], &["--database", "db-7"]].concat());
    assert_eq!((ran.err.as_str(), ran.code), ("", Some(0)));
}

#[test]
fn large_svg_without_svg_is_refused() {
    let ran = run(&["plan", "samples/a-year-of-orders.json", "--large-svg"]);
    assert_eq!(ran.code, Some(2));
}
