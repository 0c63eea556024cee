//! Open specs: when they are read, and what is shown of them.

use super::*;
use crate::spec::{NoSpec, SpecAnswer, SpecView};
use crate::spec_reader::SpecWork;
use greenward_specs::Workspace;
use tokio::sync::oneshot::error::TryRecvError;

const SPEC: &str = "specs/a.md";
const GOOD: &str = "# A\n\n## One\n- [ ] 1 is I\n";
const BAD: &str = "# A\n\n## One\n";

/// An editor with a spec, and the readings that the state wants.
struct Editor {
    state: State,
    readings: Vec<(u64, String)>,
    shown: Vec<Vec<String>>,
    messages: Vec<String>,
}

impl Editor {
    fn new() -> Self {
        let mut editor = Self {
            state: State::new(PositionEncoding::Utf8),
            readings: Vec::new(),
            shown: Vec::new(),
            messages: Vec::new(),
        };
        editor.tell(Command::AddFolder(FOLDER.into()));
        editor
    }

    fn with_settings() -> Self {
        let mut editor = Self::new();
        editor.configure(Settings::default());
        editor
    }

    fn happens(&mut self, event: Event) {
        let mut effects = self.state.handle(event, Duration::ZERO);
        effects.extend(self.state.flush());
        for effect in effects {
            match effect {
                Effect::Spec(SpecWork::Read { text, reading, .. }) => {
                    self.readings.push((reading, text.to_string()));
                }
                Effect::Spec(SpecWork::Look { place, reply }) => {
                    reply.send(Ok(read(place.path(), GOOD))).unwrap();
                }
                Effect::Notify(Notice::Diagnostics { diagnostics, .. }) => {
                    let codes = diagnostics.into_iter().filter_map(|one| one.code);
                    self.shown.push(codes.collect());
                }
                Effect::Notify(Notice::Message { text, .. }) => self.messages.push(text),
                _ => {}
            }
        }
    }

    fn tell(&mut self, command: Command) {
        self.happens(Event::Command(command));
    }

    fn configure(&mut self, settings: Settings) {
        self.happens(Event::Settings {
            folder: FOLDER.into(),
            settings: Box::new(FolderSettings {
                settings,
                trust: TrustState::Untrusted("nobody said so".to_owned()),
                files: Vec::new(),
                mistakes: HashMap::new(),
                editor_mistakes: Vec::new(),
            }),
        });
    }

    fn open(&mut self, file: &str, text: &str) {
        self.tell(Command::Open {
            path: path(file),
            version: 1,
            text: text.to_owned(),
        });
    }

    fn types(&mut self, version: i32, text: &str) {
        self.tell(Command::Change {
            path: path(SPEC),
            version,
            edits: vec![Edit::Full(text.to_owned())],
        });
    }

    /// The oldest reading comes to its end.
    fn reads(&mut self) -> String {
        let (reading, text) = self.readings.remove(0);
        let view = read(SPEC.into(), &text);
        self.happens(Event::SpecRead {
            path: path(SPEC),
            reading,
            view,
        });
        text
    }

    fn becomes(&mut self, file: &str, kind: ChangeKind) {
        let path = path(file);
        self.happens(Event::Changed(vec![Change { path, kind }]));
    }

    fn asks(&mut self, file: &str) -> oneshot::Receiver<SpecAnswer> {
        let (reply, answer) = oneshot::channel();
        let path = path(file);
        self.tell(Command::Query(Query::Spec { path, reply }));
        answer
    }

    #[track_caller]
    fn check(&mut self, shown: &[&[&str]]) {
        assert_eq!(std::mem::take(&mut self.shown), shown);
    }
}

fn read(path: &Utf8Path, text: &str) -> Arc<SpecView> {
    Arc::new(SpecView::read(path, text, &Workspace::default()))
}

#[test]
fn what_is_typed_meanwhile_is_read_once_and_only_the_newest_is_shown() {
    let mut editor = Editor::with_settings();
    editor.open(SPEC, BAD);
    editor.types(2, "# B\n");
    editor.types(3, GOOD);
    assert_eq!(editor.readings.len(), 1);
    assert_eq!(editor.reads(), BAD);
    editor.check(&[]);
    assert_eq!(editor.reads(), GOOD);
    assert_eq!(editor.readings, []);
    editor.check(&[]);
    editor.types(4, BAD);
    editor.reads();
    editor.check(&[&["unchecked"]]);
    editor.tell(Command::Close { path: path(SPEC) });
    editor.check(&[&[]]);
}

#[test]
fn a_reading_of_what_was_closed_says_nothing_of_what_is_open() {
    let mut editor = Editor::with_settings();
    editor.open(SPEC, BAD);
    editor.tell(Command::Close { path: path(SPEC) });
    editor.open(SPEC, GOOD);
    assert_eq!(editor.reads(), BAD);
    editor.check(&[]);
    editor.reads();
    editor.check(&[]);
}

#[test]
fn the_settings_say_which_files_are_specs() {
    let mut editor = Editor::new();
    editor.open(SPEC, BAD);
    editor.open("README.md", BAD);
    let mut early = editor.asks(SPEC);
    assert_eq!(editor.readings, [], "it is not known yet");
    assert_eq!(early.try_recv(), Err(TryRecvError::Empty));
    editor.configure(Settings::default());
    editor.reads();
    editor.check(&[&["unchecked"]]);
    assert_eq!(early.try_recv().unwrap().unwrap().errors(), 1);
    let mut none = editor.asks("README.md");
    let no_spec = NoSpec::NotASpec(path("README.md"));
    assert_eq!(none.try_recv().unwrap(), Err(no_spec));

    let mut others = Settings::default();
    others.specs.files = vec!["wishes/*.md".to_owned(), "[".to_owned()];
    editor.configure(others);
    editor.check(&[&[]]);
    assert_eq!(editor.messages.len(), 1, "{:?}", editor.messages);
    assert!(editor.messages[0].contains("`[` is no pattern"));
    editor.configure(Settings::default());
    editor.reads();
    editor.check(&[&["unchecked"]]);
    editor.tell(Command::RemoveFolder(FOLDER.into()));
    editor.check(&[&[]]);
}

#[test]
fn a_question_is_answered_by_the_newest_text() {
    let mut editor = Editor::with_settings();
    editor.open(SPEC, BAD);
    editor.types(2, GOOD);
    let mut answer = editor.asks(SPEC);
    editor.reads();
    assert_eq!(answer.try_recv(), Err(TryRecvError::Empty));
    editor.reads();
    assert_eq!(answer.try_recv().unwrap().unwrap().errors(), 0);
    let mut closed = editor.asks("specs/closed.md");
    let view = closed.try_recv().unwrap().unwrap();
    assert_eq!(view.path, "specs/closed.md");
    // Whoever asks about what is closed meanwhile gets what stands on disk.
    editor.types(3, BAD);
    let mut answer = editor.asks(SPEC);
    editor.tell(Command::Close { path: path(SPEC) });
    assert_eq!(answer.try_recv().unwrap().unwrap().errors(), 0);
}

#[test]
fn it_is_read_again_when_files_come_or_go_and_cleared_when_its_own_does() {
    let mut editor = Editor::with_settings();
    editor.open(SPEC, BAD);
    editor.reads();
    editor.check(&[&["unchecked"]]);
    for (kind, readings) in [
        (ChangeKind::Changed, 0),
        (ChangeKind::Created, 1),
        (ChangeKind::Removed, 1),
    ] {
        editor.becomes("src/a.rs", kind);
        assert_eq!(editor.readings.len(), readings, "{kind:?}");
        (0..readings).for_each(|_| drop(editor.reads()));
    }
    editor.check(&[]);
    editor.becomes(SPEC, ChangeKind::Removed);
    editor.check(&[&[]]);
    editor.reads();
    editor.check(&[]);
    editor.tell(Command::Save { path: path(SPEC) });
    editor.reads();
    editor.check(&[&["unchecked"]]);
    editor.tell(Command::FilesChanged(vec![path("src/b.rs")]));
    assert_eq!(editor.readings.len(), 1);
}
