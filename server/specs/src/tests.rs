//! What is read of specs, whatever they are written in.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

/// What a spec says, with the place of each part as `line:column` from 1.
fn show(spec: &Spec) -> String {
    use std::fmt::Write as _;
    let at = |text: &Text| {
        let start = text.range.start;
        format!("{}:{} {}", start.line + 1, start.column + 1, text.text)
    };
    let mut out = String::new();
    if let Some(title) = &spec.title {
        writeln!(out, "title {}", at(title)).unwrap();
    }
    for target in &spec.front_matter.targets {
        writeln!(out, "target {}", at(target)).unwrap();
    }
    if let Some(tests) = &spec.front_matter.tests {
        writeln!(out, "tests {}", at(tests)).unwrap();
    }
    if !spec.introduction.is_empty() {
        writeln!(out, "introduction {:?}", spec.introduction).unwrap();
    }
    for requirement in &spec.requirements {
        writeln!(out, "requirement {}", at(&requirement.title)).unwrap();
        if !requirement.prose.is_empty() {
            writeln!(out, "  prose {:?}", requirement.prose).unwrap();
        }
        for dependency in &requirement.depends_on {
            writeln!(out, "  depends on {}", at(dependency)).unwrap();
        }
        for criterion in &requirement.criteria {
            let check = if criterion.is_checked { 'x' } else { ' ' };
            write!(out, "  [{check}] {}", at(&criterion.wording)).unwrap();
            match criterion.details.is_empty() {
                true => writeln!(out).unwrap(),
                false => writeln!(out, " / {:?}", criterion.details).unwrap(),
            }
        }
        for table in &requirement.tables {
            let cells = |cells: &[Text]| cells.iter().map(at).collect::<Vec<_>>().join(" | ");
            writeln!(out, "  table {}", cells(&table.columns)).unwrap();
            for row in &table.rows {
                writeln!(out, "    row {}", cells(&row.cells)).unwrap();
            }
        }
    }
    for outside in &spec.outside {
        writeln!(out, "outside {}", outside.start.line + 1).unwrap();
    }
    for problem in &spec.noted {
        let start = problem.range.start;
        let place = format!("{}:{}", start.line + 1, start.column + 1);
        writeln!(out, "{place} {}: {}", problem.code.name(), problem.message).unwrap();
    }
    out
}

#[track_caller]
fn check(text: &str, form: Form, read: Expect) {
    read.assert_eq(&show(&Spec::read(text, form).unwrap()));
}

const ROMAN: &str = "\
---
target: src/roman.rs
tests: tests/roman.rs
---
# Roman numerals

Convert integers from 1 to 3999.

## Convert to numerals
- [ ] 1 is I, 4 is IV, 1994 is MCMXCIV
- [x] 0 and 4000 are refused with a clear error

| n    | numeral |
| ---- | ------- |
| 9    | IX      |
| 3888 | MMMDCCCLXXXVIII |

## Convert from numerals
depends on: Convert to numerals
- [ ] round-trips every integer from 1 to 3999
";

#[test]
fn a_spec_in_markdown() {
    check(
        ROMAN,
        Form::Markdown,
        expect![[r#"
        title 5:3 Roman numerals
        target 2:9 src/roman.rs
        tests 3:8 tests/roman.rs
        introduction "Convert integers from 1 to 3999."
        requirement 9:4 Convert to numerals
          [ ] 10:7 1 is I, 4 is IV, 1994 is MCMXCIV
          [x] 11:7 0 and 4000 are refused with a clear error
          table 13:3 n | 13:10 numeral
            row 15:3 9 | 15:10 IX
            row 16:3 3888 | 16:10 MMMDCCCLXXXVIII
        requirement 18:4 Convert from numerals
          depends on 19:13 Convert to numerals
          [ ] 20:7 round-trips every integer from 1 to 3999
    "#]],
    );
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let read = |text: &str| show(&Spec::read(text, Form::Markdown).unwrap());
    let plain = read(ROMAN);
    assert_eq!(read(&ROMAN.replace('\n', "\r\n")), plain);
    assert_eq!(read(&format!("\u{feff}{ROMAN}")), plain);
}

#[test]
fn what_stands_there_is_what_is_read() {
    check(
        "
Intro first.

# The `title` of *all* #

More.

## Ünï __init__ `code` ##

Prose, with
two lines.

- just an item
- [ ] spans
  two   lines with **bold** and `co de`

  and says more:

  ```
  ## no heading
  - [ ] no criterion
  ```
  - [x] nested
    - deeper
- [ ]
1. [ ] numbered

### A heading below
* [ ] below it

> - [ ] quoted
>   on two lines

Depends  On : *other one*, [third, of all](#third)

<!--
- [ ] in a comment
## as well
-->

| a \\| b | `c` |
|:-|-|
| `x` | 2*3*4 |
| too | many | cells |
| few
  |  | |

Other one
---------
## Third, of all
**depends on:** third, of all, other one
# Another title
- [ ] outside
",
        Form::Markdown,
        expect![[r#"
            title 4:3 The `title` of *all*
            introduction "Intro first.\n\nMore."
            requirement 8:4 Ünï __init__ `code`
              prose "Prose, with\ntwo lines.\n\n- just an item\n\n### A heading below"
              depends on 34:15 *other one*
              depends on 34:28 [third, of all](#third)
              [ ] 14:7 spans two lines with **bold** and `co de` / "and says more:\n\n```\n## no heading\n- [ ] no criterion\n```"
              [x] 23:9 nested / "- deeper"
              [ ] 25:3 
              [ ] 26:8 numbered
              [ ] 29:7 below it
              [ ] 31:9 quoted on two lines
              table 41:3 a | b | 41:12 c
                row 43:3 x | 43:9 2*3*4
                row 44:3 too | 44:9 many | 44:16 cells
                row 45:3 few
                row 46:6  | 46:8 
            requirement 48:1 Other one
            requirement 50:4 Third, of all
              depends on 51:17 third, of all
              depends on 51:32 other one
            outside 53
        "#]],
    );
}

#[test]
fn front_matter_that_is_not_as_it_should_be() {
    for (text, expected) in [
        (
            "---\ntarget: [src/a.rs, 'src/ü b.rs']\ntests: ~\n---\n",
            expect![[r#"
            target 2:10 src/a.rs
            target 2:20 src/ü b.rs
        "#]],
        ),
        (
            "---\ntarget:\n  - a.rs\n  - [b]\ntests: {a: b}\n---\n",
            expect![[r#"
            target 3:5 a.rs
            4:5 wrong-value: `target` must be one text
            5:8 wrong-value: `tests` must be one text
        "#]],
        ),
        (
            "---\ntarget: a.rs\ntargt: b\ntarget: c\nauthor: me\n---\n",
            expect![[r#"
            target 2:9 a.rs
            3:1 unknown-key: `targt` means nothing here; did you mean `target`?
            4:1 key-twice: `target` is here twice: only the first counts
            5:1 unknown-key: `author` means nothing here
        "#]],
        ),
        (
            "---\ntarget: a.rs\n  tests: b\n---\n# T\n",
            expect![[r#"
            title 5:3 T
            3:8 syntax: the front matter is no YAML: mapping values are not allowed in this context
        "#]],
        ),
        (
            "---\njust words\n---\n",
            expect![[r#"
            2:1 wrong-value: front matter is made of lines such as `target: VALUE`
        "#]],
        ),
        (
            "---\n---\n# T\n",
            expect![[r#"
            title 3:3 T
        "#]],
        ),
        (
            "---\ntarget: a.rs\n# T\n## R\n- [ ] c\n",
            expect![[r#"
            title 3:3 T
            target 2:9 a.rs
            requirement 4:4 R
              [ ] 5:7 c
            1:1 open-front-matter: nothing ends the front matter: write a line of `---` below its last key
        "#]],
        ),
        (
            "---\n\nA rule, no front matter: yes\n",
            expect![[r#"
            introduction "---\n\nA rule, no front matter: yes"
        "#]],
        ),
        (
            "# T\n---\ntarget: a\n---\n",
            expect![[r#"
            title 1:3 T
            introduction "---"
            requirement 3:1 target: a
        "#]],
        ),
        (
            "---\ntarget: &a x\ntests: *a\n...\n# T\n",
            expect![[r#"
            title 5:3 T
            3:8 syntax: the front matter is no YAML: aliases (`*name`) are not read here
        "#]],
        ),
    ] {
        check(text, Form::Markdown, expected);
    }
}

const YAML: &str = "\
# A comment.
title: Roman numerals
introduction: |
  Convert integers
  from 1 to 3999.
target: src/roman.rs
tests: tests/roman.rs
requirements:
  - title: Convert to numerals
    criteria:
      - 1 is I, 4 is IV, 1994 is MCMXCIV
      - text: 0 and 4000 are refused with a clear error
        done: true
        details: |
          As an error, not a panic.
    examples:
      - {n: 9, numeral: IX}
      - n: 3888
        numeral: MMMDCCCLXXXVIII
      - n: ''
        text: null
  - title: Convert from numerals
    depends_on: [Convert to numerals]
    criteria: ['# round-trips']
";

#[test]
fn a_spec_in_yaml() {
    check(
        YAML,
        Form::Yaml,
        expect![[r#"
        title 2:8 Roman numerals
        target 6:9 src/roman.rs
        tests 7:8 tests/roman.rs
        introduction "Convert integers\nfrom 1 to 3999."
        requirement 9:12 Convert to numerals
          [ ] 11:9 1 is I, 4 is IV, 1994 is MCMXCIV
          [x] 12:15 0 and 4000 are refused with a clear error / "As an error, not a panic."
          table 17:10 n | 17:16 numeral
            row 17:13 9 | 17:25 IX
            row 18:12 3888 | 19:18 MMMDCCCLXXXVIII
          table 20:9 n | 21:9 text
            row 20:12 "" | 21:15 
        requirement 22:12 Convert from numerals
          depends on 23:18 Convert to numerals
          [ ] 24:16 \# round-trips
    "#]],
    );
}

#[test]
fn a_spec_in_json() {
    let json = r##"{
	"$schema": "spec.json",
	"title": "Römische Zahlen \ud83d\ude00",
	"target": ["src/roman.rs"],
	"requirements": [
		{"title": "Hin", "criteria": ["1 is I"], "examples": [{"n": 9, "ok": true}, {"n": "a\nb", "ok": false}]},
		{"title": "Zurück", "depends_on": "Hin", "criteria": [{"text": "x"}], "description": "More."}
	]
}
"##;
    check(
        json,
        Form::Json,
        expect![[r#"
        title 3:11 Römische Zahlen 😀
        target 4:13 src/roman.rs
        requirement 6:13 Hin
          [ ] 6:33 1 is I
          table 6:58 n | 6:66 ok
            row 6:63 9 | 6:72 true
            row 6:85 a b | 6:99 false
        requirement 7:13 Zurück
          prose "More."
          depends on 7:38 Hin
          [ ] 7:67 x
    "#]],
    );
}

#[test]
fn documents_that_are_not_as_they_should_be() {
    for (text, form, expected) in [
        ("", Form::Yaml, expect![[""]]),
        ("", Form::Json, expect![[""]]),
        (
            "{\"title\": \"a\",}",
            Form::Json,
            expect![[r#"
            1:15 syntax: this is no JSON: key must be a string at line 1 column 15
        "#]],
        ),
        (
            "title: a\n title: b",
            Form::Yaml,
            expect![[r#"
            2:7 syntax: this is no YAML: mapping values are not allowed in this context
        "#]],
        ),
        (
            "- a\n- b\n",
            Form::Yaml,
            expect![[r#"
            1:1 wrong-value: a spec is made of keys: title, target, tests, requirements
        "#]],
        ),
        (
            "titel: a\nrequirements:\n  - criteria: one\n    depends: x\n  - just text\n  - title: b\n    examples: [1, {a: [1]}]\n    criteria: [[x], {txt: y}]\n",
            Form::Yaml,
            expect![[r#"
                requirement 3:5 
                requirement 6:12 b
                  [ ] 8:16 
                  [ ] 8:21 
                  table 7:20 a
                    row 7:23 ?
                1:1 unknown-key: `titel` means nothing here; did you mean `title`?
                4:5 unknown-key: `depends` means nothing here; did you mean `depends_on`?
                3:15 wrong-value: `criteria` must be a list
                3:5 wrong-value: this requirement has no title: give it one
                5:5 wrong-value: a requirement is made of keys: title, criteria, examples
                7:16 wrong-value: an example is made of columns and values, such as `n: 9`
                7:23 wrong-value: `a` must be a text: put it in quotes
                8:16 wrong-value: a criterion is a text, or `text` and `done`
                8:22 unknown-key: `txt` means nothing here; did you mean `text`?
            "#]],
        ),
        (
            "requirements: {a: b}\ntitle: [a]\n",
            Form::Yaml,
            expect![[r#"
            1:15 wrong-value: `requirements` must be a list
            2:8 wrong-value: `title` must be one text
        "#]],
        ),
    ] {
        check(text, form, expected);
    }
}

#[test]
fn the_form_goes_by_the_name() {
    for (path, form) in [
        ("a/b.md", Form::Markdown),
        ("b.spec.YAML", Form::Yaml),
        ("b.yml", Form::Yaml),
        ("b.json", Form::Json),
        ("b", Form::Markdown),
    ] {
        assert_eq!(Form::of(path.into()), form, "{path}");
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let text = "a".repeat(MAX_BYTES + 1);
    for form in [Form::Markdown, Form::Json, Form::Yaml] {
        assert_eq!(Spec::read(&text, form), Err(TooLarge));
    }
    assert_eq!(WrittenPlan::read(&text), Err(TooLarge));
    assert!(Spec::read(&text[1..], Form::Markdown).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_survived(
        text in r"(---\n|## |# |- \[ \] |- |  |\| |\|-\|-\|\n|depends on: |target: |[a-cé😀]|\n|\r\n|> |```\n|<!--|-->|`|\[|\]|\{|\}|:|,){0,60}",
        form in prop::sample::select(vec![Form::Markdown, Form::Json, Form::Yaml]),
    ) {
        let spec = Spec::read(&text, form).unwrap();
        let known = Workspace { files: Some(vec!["a/b.rs".into()]) };
        let problems = problems(&spec, &known);
        let lines = place::Lines::of(&text);
        for problem in &problems {
            // A column is never behind the end of its line, nor inside a character.
            for place in [problem.range.start, problem.range.end] {
                prop_assert_eq!(lines.position(lines.offset(place)), place, "{:?}", problem);
            }
            prop_assert!(!problem.message.contains('\n'));
        }
        match plan(&spec, "specs/a.md".into()) {
            Ok(plan) => {
                let faults = plan.faults(&spec.wishes());
                prop_assert!(faults.is_empty(), "{:?}", faults);
                let written = WrittenPlan::read(&render(&plan)).unwrap();
                prop_assert_eq!(&written.plan, &plan);
                prop_assert_eq!(written.problems(&spec), []);
            }
            Err(not_clear) => prop_assert!(!not_clear.reasons.is_empty()),
        }
    }
}
