//! The picture that `--svg` draws.

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
fn it_shows_the_same_calendar_as_the_terminal() {
    let list = std::fs::read_to_string(crate::root().join("samples/a-year-of-orders.json")).expect("the sample");
    let text = drawn("year.svg", &list, &["--lifecycle", "Standard"]);
    let svg = Document::parse(&text).expect("XML");
    let calendar = run(&["plan", "samples/a-year-of-orders.json", "--lifecycle", "Standard"]).out;
    let glyphs = |glyph| calendar.matches(glyph).count() - 1; // One of each stands in the legend.
    let boxes = |class| count(&svg, "rect", class) - usize::from(class != "deleted");
    assert_eq!((boxes("kept"), boxes("nothing")), (glyphs("■"), glyphs("·")));
    // The legend has one of its own and one under "some of each".
    assert_eq!(boxes("deleted") - 2, glyphs("□"));
}

#[test]
fn a_page_is_as_wide_as_its_longest_line() {
    let wide = |source: &str| {
        let list = format!(r#"[{{"id": "a", "taken": "2026-11-21T03:06:39Z", "source": "{source}"}}]"#);
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
fn a_day_tells_its_snapshots() {
    let text = drawn(
        "told.svg",
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
             c delete: daily keeps only the newest of a day, weekly keeps only the newest of a week, \
             monthly keeps only the newest of a month, yearly keeps only the newest of a year",
        ],
    );
}
