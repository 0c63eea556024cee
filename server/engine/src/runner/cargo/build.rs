//! Building: cargo is asked once, and what it says is kept for the binaries that are run without
//! it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};
use greenward_core::{Access, Invocation, Problem, RunEvent, Severity};
use greenward_exec::{Capped, Executor, Limits, LineLimits, OutputError, StartError, Stdin, lines};
use greenward_frameworks::cargo::command::{Options, Scope};
use greenward_frameworks::cargo::config::Config;
use greenward_frameworks::cargo::environment::{Metadata, Surroundings, Toolchain, variables};
use greenward_frameworks::cargo::libtest;
use greenward_frameworks::cargo::messages::{Binary, BuildScript, Decoder, Message, folder_of};
use greenward_frameworks::cargo::{Package, Project, Target};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::report::Reporter;

/// How long cargo and the compilers below it have to end.
const GRACE: Duration = Duration::from_secs(2);

/// How long cargo may take to say what packages there are.
const QUESTION_LIMITS: Limits = Limits {
    time: Duration::from_secs(60),
    bytes: 64 * 1024 * 1024,
};

/// Why there is nothing to run.
#[derive(Debug, Error)]
pub(super) enum BuildError {
    #[error("the build was stopped")]
    Cancelled,
    #[error(
        "the build was ended, because somebody has killed the process that watches over it \
         (`greenward supervise`). Run the tests again"
    )]
    Lost,
    /// The problems have been reported.
    #[error("the code does not build")]
    DidNotBuild,
    #[error("{0}. Is Rust installed, and `cargo` in PATH? The setting cargo.program names another")]
    Start(#[from] StartError),
    #[error("cargo could not be asked about the packages: {0}")]
    Question(#[from] OutputError),
    #[error("cargo's answer about the packages is no JSON: {0}")]
    Metadata(#[from] serde_json::Error),
    #[error("{program} did not answer as expected: {said}")]
    Compiler { program: String, said: String },
    #[error("cargo's output could not be read: {0}")]
    Read(#[from] std::io::Error),
}

/// What a build has left.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) binaries: Vec<Binary>,
    programs: BTreeMap<Utf8PathBuf, Vec<(String, Utf8PathBuf)>>,
    scripts: Vec<BuildScript>,
    pub(super) metadata: Metadata,
    toolchain: Toolchain,
    config: Config,
}

impl Built {
    /// The binary of a target.
    pub(super) fn binary(&self, package: &Package, target: &Target) -> Option<&Binary> {
        let manifest = package.manifest();
        self.binaries.iter().find(|binary| {
            binary.kind == target.kind && binary.name == target.name && binary.manifest == manifest
        })
    }

    /// How to run a binary without cargo as cargo would.
    pub(super) fn invocation(
        &self,
        binary: &Binary,
        environment: &BTreeMap<String, String>,
        backtrace: bool,
    ) -> Invocation {
        let package = self
            .metadata
            .packages
            .iter()
            .find(|package| package.manifest_path == binary.manifest);
        let nobody = Default::default();
        let cargo = self.toolchain.sysroot.join("bin/cargo");
        let programs = self.programs.get(&binary.manifest);
        let own_script = self
            .scripts
            .iter()
            .find(|script| script.package_id == binary.package_id);
        let surroundings = Surroundings {
            package: package.unwrap_or(&nobody),
            binary: &binary.path,
            target_directory: &self.metadata.target_directory,
            scripts: &self.scripts,
            own_script,
            programs: programs.map_or(&[], Vec::as_slice),
            toolchain: &self.toolchain,
            cargo: cargo.is_file().then_some(cargo.as_path()),
            environment,
        };
        let folder = folder_of(&binary.manifest);
        let runner = self
            .config
            .runner(&self.toolchain.host, &self.toolchain.cfg, environment)
            .filter(|words| !words.is_empty());
        let mut invocation = match runner {
            Some(words) => Invocation::new(words[0].as_str(), folder)
                .args(words[1..].iter().map(String::as_str))
                .args([binary.path.as_str()]),
            None => Invocation::new(binary.path.as_str(), folder),
        };
        for (name, value) in self.config.variables(environment) {
            invocation = invocation.env(name, value);
        }
        for (name, value) in variables(&surroundings) {
            invocation = invocation.env(name, value);
        }
        let (name, value) = libtest::ALLOW;
        invocation = invocation.env(name, value);
        if backtrace {
            invocation = invocation.env("RUST_BACKTRACE", "1");
        }
        if let Some(target) = target_folder(environment) {
            // `CARGO_TARGET_TMPDIR`.
            invocation = invocation.access(target.join("tmp"), Access::Passing);
        }
        invocation
    }
}

/// Asks cargo to build, and keeps what does not change between builds.
#[derive(Debug, Default)]
pub(super) struct Builder {
    known: Option<Box<Known>>,
}

#[derive(Debug)]
struct Known {
    stamp: Stamp,
    metadata: Metadata,
    toolchain: Toolchain,
}

/// What to build.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) executor: &'a Executor,
    /// The environment that processes start from.
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) project: &'a Project,
    pub(super) options: &'a Options,
    pub(super) scope: &'a Scope,
    pub(super) cancel: &'a CancellationToken,
}

/// Tells whether files have changed: their sizes and times of change.
type Stamp = (Option<String>, Vec<Option<(SystemTime, u64)>>);

impl Builder {
    /// Builds. Problems and what cargo prints besides go to the reporter.
    pub(super) async fn build(
        &mut self,
        request: &Request<'_>,
        reporter: &mut Reporter,
    ) -> Result<Built, BuildError> {
        let Request {
            project,
            options,
            environment,
            ..
        } = *request;
        let stamp = stamp(project, options);
        let known = self.known.take().filter(|known| known.stamp == stamp);
        let (compiled, known) = match known {
            Some(known) => (compile(request, reporter).await, known),
            None => {
                // These answer while cargo builds.
                let (compiled, metadata, toolchain) = tokio::join!(
                    compile(request, reporter),
                    metadata(request),
                    toolchain(request),
                );
                let compiled = compiled?;
                let known = Known {
                    stamp,
                    metadata: metadata?,
                    toolchain: toolchain?,
                };
                (Ok(compiled), Box::new(known))
            }
        };
        let (metadata, toolchain) = (known.metadata.clone(), known.toolchain.clone());
        self.known = Some(known);
        let compiled = compiled?;
        let mut config = Config::default();
        let home = cargo_home(environment);
        for file in Config::candidates(project.root(), home.as_deref()) {
            if let Ok(text) = std::fs::read_to_string(&file) {
                config.add(&file, &text);
            }
        }
        Ok(Built {
            binaries: compiled.binaries,
            programs: compiled.programs,
            scripts: compiled.scripts,
            metadata,
            toolchain,
            config,
        })
    }
}

#[derive(Default)]
struct Compiled {
    binaries: Vec<Binary>,
    programs: BTreeMap<Utf8PathBuf, Vec<(String, Utf8PathBuf)>>,
    scripts: Vec<BuildScript>,
}

async fn compile(request: &Request<'_>, reporter: &mut Reporter) -> Result<Compiled, BuildError> {
    let (project, cancel) = (request.project, request.cancel);
    reporter.stage("building");
    let mut invocation = request.options.build(project, request.scope);
    if let Some(target) = target_folder(request.environment) {
        invocation = invocation.access(target, Access::Kept);
    }
    let mut process = request.executor.start(&invocation, Stdin::Null).await?;
    let mut compiled = Compiled::default();
    let mut decoder = Decoder::new(project.root());
    let mut said = Capped::new(16 * 1024, 16 * 1024);
    let (mut problems, mut success) = (0_usize, false);
    let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
    let read = async {
        let Some((stdout, stderr)) = stdout.zip(stderr) else {
            return Ok(());
        };
        // A message holds what the compiler renders, which can be long.
        let mut stdout = lines(stdout, LineLimits { bytes: 16 << 20 });
        let mut stderr = lines(stderr, LineLimits::default());
        let (mut out_open, mut err_open) = (true, true);
        while out_open || err_open {
            tokio::select! {
                () = reporter.due() => reporter.flush(),
                line = stdout.next(), if out_open => {
                    let Some(line) = line? else { out_open = false; continue };
                    match decoder.line(&line.text) {
                        Some(Message::Problem(problem)) => {
                            problems += 1;
                            reporter.send(RunEvent::Problem(problem));
                        }
                        Some(Message::TestBinary(binary)) => compiled.binaries.push(binary),
                        Some(Message::Program { manifest, name, path }) => {
                            compiled.programs.entry(manifest).or_default().push((name, path));
                        }
                        Some(Message::BuildScript(script)) => compiled.scripts.push(script),
                        Some(Message::Finished { success: all }) => success = all,
                        Some(Message::Output(text)) => reporter.send(RunEvent::Output(text)),
                        None => {}
                    }
                }
                line = stderr.next(), if err_open => {
                    let Some(line) = line? else { err_open = false; continue };
                    if line.text.trim_start().starts_with("Blocking waiting for file lock") {
                        reporter.stage("waiting for another cargo");
                    }
                    said.push(&line.text);
                    said.push("\n");
                }
            }
        }
        Ok::<(), std::io::Error>(())
    };
    tokio::select! {
        read = read => read?,
        () = cancel.cancelled() => {
            process.stop(GRACE).await;
            return Err(BuildError::Cancelled);
        }
        () = process.lost() => return Err(BuildError::Lost),
    }
    let exit = process.wait().await;
    if process.is_lost() {
        return Err(BuildError::Lost);
    }
    if success && exit.is_success() {
        return Ok(compiled);
    }
    if problems == 0 {
        // A manifest that cannot be read, a linker that is missing, no network.
        reporter.send(RunEvent::Problem(Problem {
            severity: Severity::Error,
            message: complaint(&said.to_string(), &exit.to_string()),
            code: None,
            location: None,
            related: Vec::new(),
        }));
    }
    Err(BuildError::DidNotBuild)
}

/// What cargo says went wrong: from its first error on.
pub(super) fn complaint(stderr: &str, otherwise: &str) -> String {
    let start = stderr
        .match_indices("error")
        .map(|(at, _)| at)
        .find(|at| *at == 0 || stderr.as_bytes()[at - 1] == b'\n');
    match start {
        Some(at) => stderr[at..].trim().to_owned(),
        None if stderr.trim().is_empty() => format!("cargo ended with {otherwise}"),
        None => stderr.trim().to_owned(),
    }
}

async fn metadata(request: &Request<'_>) -> Result<Metadata, BuildError> {
    let invocation = request.options.metadata(request.project.root());
    let output = request
        .executor
        .output(&invocation, QUESTION_LIMITS, request.cancel)
        .await?;
    Ok(serde_json::from_str(&output.stdout)?)
}

async fn toolchain(request: &Request<'_>) -> Result<Toolchain, BuildError> {
    let (options, root) = (request.options, request.project.root());
    let version = options.compiler(root, &["-vV"]);
    let place = options.compiler(root, &["--print=sysroot", "--print=cfg"]);
    let ask = |question| {
        let executor = request.executor;
        async move {
            executor
                .output(question, QUESTION_LIMITS, request.cancel)
                .await
        }
    };
    let (version, place) = tokio::join!(ask(&version), ask(&place));
    let (version, place) = (version?, place?);
    Toolchain::parse(&version.stdout, &place.stdout).ok_or_else(|| BuildError::Compiler {
        program: "rustc".to_owned(),
        said: format!("{}{}", version.stderr, place.stderr),
    })
}

/// Of the manifests, and of what chooses the compiler.
fn stamp(project: &Project, options: &Options) -> Stamp {
    let manifests = project.packages().iter().map(Package::manifest);
    let choosers = project
        .root()
        .ancestors()
        .flat_map(|folder| ["rust-toolchain", "rust-toolchain.toml"].map(|name| folder.join(name)));
    let files = manifests
        .chain([project.root().join("Cargo.toml")])
        .chain(choosers)
        .map(|file| {
            let metadata = std::fs::metadata(file).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
        .collect();
    (options.toolchain().map(str::to_owned), files)
}

/// Cargo's own folder.
/// Where cargo leaves what it builds, as far as the environment says: where processes are confined
/// it does.
pub(super) fn target_folder(environment: &BTreeMap<String, String>) -> Option<&Utf8Path> {
    environment.get("CARGO_TARGET_DIR").map(Utf8Path::new)
}

fn cargo_home(environment: &BTreeMap<String, String>) -> Option<Utf8PathBuf> {
    environment
        .get("CARGO_HOME")
        .map(Utf8PathBuf::from)
        .or_else(|| Some(Utf8Path::new(environment.get("HOME")?).join(".cargo")))
}
