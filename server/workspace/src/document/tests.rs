use greenward_core::Position;
use proptest::prelude::*;

use super::*;

const ENCODINGS: [PositionEncoding; 3] = [
    PositionEncoding::Utf8,
    PositionEncoding::Utf16,
    PositionEncoding::Utf32,
];

/// What the specification says, one character after the other: the offset of a place.
fn offset_by_counting(text: &str, place: ClientPosition, encoding: PositionEncoding) -> usize {
    let (mut line, mut column) = (0, 0);
    let mut characters = text.char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        let ends_line = matches!(character, '\n' | '\r');
        let width = match encoding {
            PositionEncoding::Utf8 => character.len_utf8(),
            PositionEncoding::Utf16 => character.len_utf16(),
            PositionEncoding::Utf32 => 1,
        } as u64;
        if line == u64::from(place.line)
            && (ends_line || u64::from(place.character) < column + width)
        {
            return offset;
        }
        if ends_line {
            if character == '\r' && characters.peek().is_some_and(|(_, next)| *next == '\n') {
                characters.next();
            }
            (line, column) = (line + 1, 0);
        } else {
            column += width;
        }
    }
    text.len()
}

fn documents(encoding: PositionEncoding, text: &str) -> Documents {
    let mut documents = Documents::new(encoding);
    documents.open("/a", 1, text);
    documents
}

fn range(start: (u32, u32), end: (u32, u32), text: &str) -> Edit {
    Edit::Range {
        start: ClientPosition::new(start.0, start.1),
        end: ClientPosition::new(end.0, end.1),
        text: text.to_owned(),
    }
}

#[track_caller]
fn check(encoding: PositionEncoding, before: &str, edits: &[Edit], after: &str) {
    let mut documents = documents(encoding, before);
    let document = documents.change("/a".into(), 2, edits).unwrap();
    assert_eq!(&**document.text(), after);
    assert_eq!(document.version(), 2);
    assert_eq!(*document.lines(), LineIndex::new(after));
}

#[test]
fn edits_apply_one_after_the_other() {
    check(
        PositionEncoding::Utf16,
        "one\ntwo\n",
        &[
            range((0, 0), (0, 3), "1\n1"),
            range((2, 0), (2, 3), "2"),
            range((3, 0), (3, 0), "3"),
        ],
        "1\n1\n2\n3",
    );
    check(
        PositionEncoding::Utf16,
        "one",
        &[Edit::Full("a\nb".into()), range((1, 1), (1, 1), "c")],
        "a\nbc",
    );
}

#[test]
fn places_that_do_not_exist_are_moved_to_the_nearest() {
    let emoji = "a😀b\n";
    for (encoding, at, after) in [
        (PositionEncoding::Utf8, 3, "a|😀b\n"),
        (PositionEncoding::Utf8, 5, "a😀|b\n"),
        (PositionEncoding::Utf16, 2, "a|😀b\n"),
        (PositionEncoding::Utf16, 3, "a😀|b\n"),
        (PositionEncoding::Utf32, 2, "a😀|b\n"),
        (PositionEncoding::Utf16, u32::MAX, "a😀b|\n"),
    ] {
        check(encoding, emoji, &[range((0, at), (0, at), "|")], after);
    }
    let all = (u32::MAX, u32::MAX);
    check(
        PositionEncoding::Utf16,
        emoji,
        &[range(all, all, "|")],
        "a😀b\n|",
    );
    // The end before the start.
    check(
        PositionEncoding::Utf16,
        "abc",
        &[range((0, 2), (0, 1), "|")],
        "a|c",
    );
}

#[test]
fn line_ends_that_meet_become_one() {
    let utf16 = PositionEncoding::Utf16;
    check(utf16, "a\rb\nc", &[range((1, 0), (1, 1), "")], "a\r\nc");
    check(utf16, "a\rb", &[range((1, 0), (1, 0), "\n")], "a\r\nb");
    check(utf16, "a\nb", &[range((0, 1), (0, 1), "\r")], "a\r\nb");
    check(utf16, "a\r\nb", &[range((0, 1), (1, 0), "\r")], "a\rb");
}

#[test]
fn lines_end_in_three_ways() {
    let text = "a\nb\r\nc\rd\r\r\n";
    let lines = LineIndex::new(text);
    let all: Vec<_> = (0..).map_while(|line| lines.line(text, line)).collect();
    assert_eq!(all, ["a", "b", "c", "d", "", ""]);
    assert_eq!(lines.count(), 6);
    // Between `\r` and `\n` is no place.
    assert_eq!(lines.position(text, 4), Position::new(1, 1));
}

#[test]
fn a_range_of_a_whole_line_ends_where_the_line_ends() {
    let document = Document::new(1, "é😀\r\nb");
    let end = greenward_core::Range::of_line(0).end;
    for (encoding, character) in ENCODINGS.into_iter().zip([6, 3, 2]) {
        let place = document.lines().to_client(document.text(), end, encoding);
        assert_eq!(place, ClientPosition::new(0, character));
    }
}

#[test]
fn a_snapshot_does_not_change() {
    let mut documents = documents(PositionEncoding::Utf8, "old");
    let old = documents.get("/a".into()).unwrap().clone();
    documents
        .change("/a".into(), 2, &[Edit::Full("new\n".into())])
        .unwrap();
    assert_eq!(&**old.text(), "old");
    assert_eq!(*old.lines(), LineIndex::new("old"));
    assert_eq!(documents.text("/a".into()).as_deref(), Some("new\n"));
}

#[test]
fn what_is_not_open_cannot_change() {
    let mut documents = documents(PositionEncoding::Utf8, "");
    let not_open = NotOpen { path: "/b".into() };
    assert_eq!(documents.change("/b".into(), 1, &[]), Err(not_open.clone()),);
    assert_eq!(documents.save("/b".into(), None), Err(not_open));
    assert!(documents.close("/a".into()).is_some());
    assert_eq!(documents.text("/a".into()), None);
}

#[test]
fn the_text_of_a_save_is_the_truth() {
    let mut documents = documents(PositionEncoding::Utf8, "lost\nan edit");
    let document = documents.save("/a".into(), Some("as saved")).unwrap();
    assert_eq!(*document, Document::new(1, "as saved"));
}

#[test]
fn a_byte_order_mark_is_no_difference() {
    let document = Document::new(1, "a");
    assert!(!document.differs_from("a"));
    assert!(!document.differs_from("\u{feff}a"));
    assert!(document.differs_from("a\n"));
}

fn encoding() -> impl Strategy<Value = PositionEncoding> {
    prop::sample::select(ENCODINGS.to_vec())
}

/// Text with many line ends and characters of every width.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            "a", "bc", "\n", "\r", "\r\n", "é", "漢", "😀", "\u{feff}",
        ]),
        0..20,
    )
    .prop_map(|parts| parts.concat())
}

fn client_position() -> impl Strategy<Value = ClientPosition> {
    let near = 0..8_u32;
    prop_oneof![
        20 => (near.clone(), near).prop_map(|(line, character)| ClientPosition { line, character }),
        1 => (any::<u32>(), any::<u32>())
            .prop_map(|(line, character)| ClientPosition { line, character }),
    ]
}

proptest! {
    #[test]
    fn edits_do_what_counting_characters_does(
        before in text(),
        edits in prop::collection::vec((client_position(), client_position(), text()), 1..8),
        encoding in encoding(),
    ) {
        let mut documents = documents(encoding, &before);
        let mut model = before;
        for (version, (start, end, new)) in (2..).zip(edits) {
            let from = offset_by_counting(&model, start, encoding);
            let to = offset_by_counting(&model, end, encoding);
            model.replace_range(from.min(to)..from.max(to), &new);
            let edit = Edit::Range { start, end, text: new };
            let document = documents.change("/a".into(), version, &[edit]).unwrap();
            prop_assert_eq!(&**document.text(), &model);
            prop_assert_eq!(document.lines(), &LineIndex::new(&model));
        }
    }

    #[test]
    fn places_come_back_as_they_went(text in text(), place in client_position(), encoding in encoding()) {
        let lines = LineIndex::new(&text);
        let ours = lines.from_client(&text, place, encoding);
        prop_assert_eq!(lines.offset(&text, ours), offset_by_counting(&text, place, encoding));
        let theirs = lines.to_client(&text, ours, encoding);
        prop_assert_eq!(lines.from_client(&text, theirs, encoding), ours);
    }

    #[test]
    fn any_offset_and_any_place_is_survived(text in text(), offset in any::<usize>(), small in 0..40_usize, place in client_position()) {
        let lines = LineIndex::new(&text);
        for offset in [offset, small] {
            let position = lines.position(&text, offset);
            prop_assert!(lines.offset(&text, position) <= offset);
        }
        let position = Position::new(place.line, place.character);
        prop_assert!(text.is_char_boundary(lines.offset(&text, position)));
        for encoding in ENCODINGS {
            let theirs = lines.to_client(&text, position, encoding);
            let back = lines.from_client(&text, theirs, encoding);
            prop_assert_eq!(lines.offset(&text, back), lines.offset(&text, position));
        }
    }
}
