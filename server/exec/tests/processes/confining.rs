//! Confined processes: where they can write, what stays of it, and whom they reach.
//!
//! Each test holds at every level that a system may give. Here the lower one is had by confining
//! what is confined already: Landlock lets nobody mount anything.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use camino::Utf8PathBuf;
use greenward_core::{Access, Invocation};
use greenward_exec::{Confinement, Executor, Exit, Isolation, Limits, Network, Output};
use tokio_util::sync::CancellationToken;

use crate::world::{OWN, World, in_time, until};

/// What a test's place is called, and what becomes of what is written there.
const PLACES: [(&str, Access); 4] = [
    ("kept", Access::Kept),
    ("passing", Access::Passing),
    ("apparent", Access::Apparent),
    ("apparent/kept", Access::Kept),
];

fn confined(world: &World, network: Network) -> Executor {
    let places = PLACES.map(|(name, writes)| (world.path(name), writes));
    world.executor.confined(Confinement {
        access: places.to_vec(),
        network,
    })
}

fn make_places(world: &World) {
    for name in ["kept", "passing", "apparent/kept", "other"] {
        fs::create_dir_all(world.path(name)).unwrap();
        fs::write(world.path(name).join("old"), "old").unwrap();
    }
    fs::write(world.path("apparent/old"), "old").unwrap();
}

async fn run(executor: &Executor, invocation: &Invocation) -> Output {
    let cancel = CancellationToken::new();
    let output = executor.output(invocation, Limits::default(), &cancel);
    in_time(output).await.unwrap()
}

/// Runs a script confined. Nothing if this system confines nobody.
async fn sh(executor: &Executor, world: &World, script: &str) -> Option<(Isolation, Output)> {
    let output = run(executor, &world.sh(script)).await;
    let isolation = executor.isolation().unwrap();
    (isolation != Isolation::None).then_some((isolation, output))
}

/// What a test of this file does at each level.
fn at_each_level(test: &str, body: impl AsyncFnOnce(&World)) {
    if std::env::args().nth(3).as_deref() == Some("within") {
        return World::run(async |world| {
            if let Some((isolation, _)) = sh(&confined(world, Network::Shared), world, "true").await
            {
                assert_eq!(isolation, Isolation::Refusing);
            }
            body(world).await;
        });
    }
    World::run(async |world| {
        // The same again, confined itself.
        let places = vec![("/tmp".into(), Access::Passing)];
        let outer = world.executor.confined(Confinement {
            access: places,
            network: Network::Shared,
        });
        let invocation = Invocation::new(OWN, world.folder()).args(["alone", test, "within"]);
        let output = run(&outer, &invocation).await;
        assert_eq!(output.exit, Exit::Code(0), "{}", output.stderr);
        body(world).await;
    });
}

pub(crate) fn what_is_written_stays_where_it_is_to_stay() {
    at_each_level(
        "confining::what_is_written_stays_where_it_is_to_stay",
        async |world| {
            make_places(world);
            let executor = confined(world, Network::Shared);
            let script = "for place in kept passing apparent apparent/kept other; do
            (echo new >$place/new && rm $place/old && cat $place/new && test ! -e $place/old) \
                2>/dev/null || echo refused
        done";
            let Some((isolation, output)) = sh(&executor, world, script).await else {
                return;
            };
            let said: Vec<&str> = output.stdout.lines().collect();
            let private = isolation > Isolation::Refusing;
            let apparent = if private { "new" } else { "refused" };
            assert_eq!(said, ["new", "new", apparent, "new", "refused"]);
            let changed = |place: &str| {
                let (new, old) = (world.path(place).join("new"), world.path(place).join("old"));
                assert_ne!(new.exists(), old.exists(), "{place}");
                new.exists()
            };
            assert!(changed("kept"));
            assert!(changed("apparent/kept"));
            assert_eq!(changed("passing"), !private);
            assert!(!changed("apparent"));
            assert!(!changed("other"));
            // The next process knows nothing of the one before.
            let (_, output) = sh(&executor, world, "ls passing").await.unwrap();
            assert_eq!(output.stdout, if private { "old\n" } else { "new\n" });
        },
    );
}

pub(crate) fn an_invocation_can_say_otherwise() {
    World::run(async |world| {
        make_places(world);
        let executor = confined(world, Network::Shared);
        let invocation = world
            .sh("echo new >apparent/new; echo new >other/new; true")
            .access(world.path("apparent"), Access::Kept)
            .access(world.path("other"), Access::Kept);
        run(&executor, &invocation).await;
        assert!(world.path("apparent/new").exists());
        assert!(world.path("other/new").exists());
    });
}

pub(crate) fn each_has_a_temporary_folder_of_its_own() {
    at_each_level(
        "confining::each_has_a_temporary_folder_of_its_own",
        async |world| {
            let executor = confined(world, Network::Shared);
            let script = "ls -A $TMPDIR; echo x >$TMPDIR/x; mkdir $TMPDIR/y; echo $TMPDIR";
            let mut seen = Vec::new();
            for _ in 0..2 {
                let Some((_, output)) = sh(&executor, world, script).await else {
                    return;
                };
                let folder = Utf8PathBuf::from(output.stdout.trim());
                assert!(folder.is_absolute(), "{}", output.stdout);
                assert!(!folder.exists());
                seen.push(folder);
            }
            assert_ne!(seen[0], seen[1]);
        },
    );
}

pub(crate) fn links_and_dots_lead_nowhere() {
    at_each_level("confining::links_and_dots_lead_nowhere", async |world| {
        make_places(world);
        let executor = confined(world, Network::Shared);
        let script = "ln -s ../other kept/link; ln kept/old kept/hard
            echo new >kept/link/new
            echo new >kept/../other/new
            ln other/old kept/stolen
            mv other/old kept/moved
            mount --bind kept other; umount apparent passing /tmp
            echo new >other/new
            chmod 777 kept; true";
        let Some((_, output)) = sh(&executor, world, script).await else {
            return;
        };
        assert!(!world.path("other/new").exists(), "{}", output.stderr);
        assert!(world.path("other/old").exists());
        // A second name for what is not one's own would be a way to write it.
        assert!(!world.path("kept/stolen").exists());
    });
}

pub(crate) fn devices_can_be_written() {
    at_each_level("confining::devices_can_be_written", async |world| {
        let executor = confined(world, Network::Shared);
        let script = "echo x >/dev/null && head -c 1 /dev/zero >/dev/null && echo well";
        let Some((_, output)) = sh(&executor, world, script).await else {
            return;
        };
        assert_eq!(output.stdout, "well\n", "{}", output.stderr);
    });
}

pub(crate) fn others_are_out_of_reach() {
    at_each_level("confining::others_are_out_of_reach", async |world| {
        let mut other = Command::new("sleep")
            .arg("1000")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let executor = confined(world, Network::Shared);
        let pid = other.id();
        let script = format!(
            "sleep 1000 & kill $! && echo own
            cat /proc/{pid}/environ /proc/{pid}/maps && echo read
            cat /proc/{pid}/mem 2>&1 | grep -c Permission; kill {pid} && echo others"
        );
        if let Some((_, output)) = sh(&executor, world, &script).await {
            let said: Vec<&str> = output.stdout.lines().collect();
            assert_eq!(said.first(), Some(&"own"), "{}", output.stderr);
            // Keys are kept there.
            assert!(!output.stdout.contains("PATH="), "{}", output.stdout);
            assert!(!said.contains(&"read"), "{}", output.stdout);
            // Kernels from 6.12 on keep signals in.
            assert!(!said.contains(&"others"), "{}", output.stdout);
        }
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    });
}

pub(crate) fn a_network_is_there_or_not() {
    at_each_level("confining::a_network_is_there_or_not", async |world| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        for network in [Network::Shared, Network::Own, Network::None] {
            let executor = confined(world, network);
            let connect = Invocation::new(OWN, world.folder()).args(["connect", &port]);
            let output = run(&executor, &connect).await;
            let isolation = executor.isolation().unwrap();
            let expected = match network {
                _ if isolation == Isolation::None => return,
                Network::Shared => true,
                // Where it cannot be had, it is this machine's.
                Network::Own if isolation < Isolation::Private => continue,
                Network::Own | Network::None => false,
            };
            let reached = output.exit == Exit::Code(0);
            assert_eq!(reached, expected, "{network:?}: {}", output.stderr);
            if reached {
                let (mut stream, _) = listener.accept().unwrap();
                let mut text = String::new();
                stream.read_to_string(&mut text).unwrap();
                assert_eq!(text, "hello");
            }
        }
    });
}

pub(crate) fn in_a_network_of_its_own_are_its_own_servers_only() {
    at_each_level(
        "confining::in_a_network_of_its_own_are_its_own_servers_only",
        async |world| {
            let executor = confined(world, Network::Own);
            let serve = Invocation::new(OWN, world.folder()).args(["serve"]);
            for _ in 0..2 {
                let output = run(&executor, &serve).await;
                assert_eq!(output.exit, Exit::Code(0), "{}", output.stderr);
                if executor.isolation() == Some(Isolation::Private) {
                    // Nothing is left of the one before.
                    assert_eq!(output.stdout, "0\n");
                }
            }
        },
    );
}

/// The program of [`in_a_network_of_its_own_are_its_own_servers_only`]: says how many sockets there
/// are, then serves itself, which leaves a closed connection behind.
pub(crate) fn serve() -> std::io::Result<()> {
    let sockets = fs::read_to_string("/proc/net/tcp")?.lines().count() - 1;
    println!("{sockets}");
    let listener = TcpListener::bind("127.0.0.1:0")?;
    connect(listener.local_addr()?.port())?;
    let (mut stream, _) = listener.accept()?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(())
}

pub(crate) fn attributes_stay_as_they_are() {
    World::run(async |world| {
        make_places(world);
        let state = |place: &str| {
            let old = fs::metadata(world.path(place).join("old")).unwrap();
            (old.mode() & 0o7777, old.mtime())
        };
        let places = ["kept", "apparent/kept", "apparent", "other"];
        let before = places.map(state);
        let executor = confined(world, Network::Shared);
        let script = "for place in kept apparent/kept apparent passing other; do
            chmod 700 $place/old && touch -d @1000 $place/old && echo $place
        done; chmod 700 other";
        let Some((isolation, output)) = sh(&executor, world, script).await else {
            return;
        };
        if isolation < Isolation::Private {
            return;
        }
        let said = "kept\napparent/kept\napparent\npassing\n";
        assert_eq!(output.stdout, said, "{}", output.stderr);
        let changed = (0o700, 1000);
        let expected = [changed, changed, before[2], before[3]];
        assert_eq!(places.map(state), expected);
    });
}

pub(crate) fn what_is_sealed_stays_so() {
    World::run(async |world| {
        make_places(world);
        let executor = confined(world, Network::Shared);
        let unseal = Invocation::new(OWN, world.folder()).args(["unseal"]);
        let output = run(&executor, &unseal).await;
        if executor.isolation() > Some(Isolation::None) {
            assert_eq!(output.stdout, "refused\nrefused\n", "{}", output.stderr);
        }
    });
}

/// The program of [`what_is_sealed_stays_so`]: undoes it, if that can be done.
pub(crate) fn unseal() {
    // Attributes to clear, among others that stay: `struct mount_attr`.
    let attributes = [0_u64, 1, 0, 0];
    let size = size_of_val(&attributes);
    let (of_mounts, of_trees) = (442_i64, 467_i64);
    for (call, flags) in [(of_mounts, 0x8000_u32), (of_trees, 0x8000 | 1)] {
        #[expect(unsafe_code, reason = "calls that no crate knows")]
        let done = unsafe {
            libc::syscall(
                call,
                libc::AT_FDCWD,
                c"/".as_ptr(),
                flags,
                attributes.as_ptr(),
                size,
            )
        };
        println!("{}", if done < 0 { "refused" } else { "done" });
    }
}

/// The program of [`a_network_is_there_or_not`].
pub(crate) fn connect(port: u16) -> std::io::Result<()> {
    TcpStream::connect(("127.0.0.1", port))?.write_all(b"hello")
}

pub(crate) fn the_whole_tree_is_confined_and_goes() {
    at_each_level(
        "confining::the_whole_tree_is_confined_and_goes",
        async |world| {
            make_places(world);
            let executor = confined(world, Network::Shared);
            let script = "setsid sh -c 'echo $$ >kept/pid; echo new >other/new; exec sleep 1000' &
            while [ ! -s kept/pid ]; do sleep 0.01; done";
            if sh(&executor, world, script).await.is_none() {
                return;
            }
            assert!(!world.path("other/new").exists());
            until(
                || world.left().is_empty(),
                || format!("left: {:?}", world.left()),
            )
            .await;
        },
    );
}

pub(crate) fn what_is_hidden_is_not_seen() {
    at_each_level("confining::what_is_hidden_is_not_seen", async |world| {
        make_places(world);
        fs::create_dir_all(world.path("other/shown")).unwrap();
        fs::write(world.path("other/shown/file"), "shown").unwrap();
        let executor = confined(world, Network::Shared);
        let invocation = world
            .sh("ls -A other; cat other/shown/file; cat kept/old;
                     echo x >other/shown/file; echo x >other/new; true")
            .access(world.path("other"), Access::Hidden)
            .access(world.path("other/shown"), Access::Shown)
            .access(world.path("kept/old"), Access::Hidden);
        let output = run(&executor, &invocation).await;
        if executor.isolation() > Some(Isolation::Refusing) {
            assert_eq!(output.stdout, "shown\nshown", "{}", output.stderr);
        }
        if executor.isolation() > Some(Isolation::None) {
            let read = |name: &str| fs::read_to_string(world.path(name)).unwrap();
            assert_eq!(read("other/shown/file"), "shown");
            assert_eq!(read("kept/old"), "old");
            assert!(!world.path("other/new").exists());
        }
    });
}

pub(crate) fn nothing_is_done_to_other_processes_or_kept_in_the_kernel() {
    at_each_level(
        "confining::nothing_is_done_to_other_processes_or_kept_in_the_kernel",
        async |world| {
            let executor = confined(world, Network::Shared);
            let script = format!(
                "prlimit --pid {0} --core=1:1 && echo limited
                 renice -n 1 -p {0} && echo slowed
                 kill -STOP $PPID && echo stopped
                 ulimit -c 0 && echo own",
                std::process::id()
            );
            let Some((_, output)) = sh(&executor, world, &script).await else {
                return;
            };
            // Kernels from 6.12 on keep signals in, the one to the supervisor included.
            assert_eq!(output.stdout, "own\n", "{}", output.stderr);
        },
    );
}

pub(crate) fn whoever_is_not_root_is_confined_as_well() {
    const NOBODY: u32 = 65534;
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    crate::world::alone("confining::whoever_is_not_root_is_confined_as_well", || {
        nix::unistd::setgroups(&[]).unwrap();
        let group = NOBODY.into();
        nix::unistd::setresgid(group, group, group).unwrap();
        let user = NOBODY.into();
        nix::unistd::setresuid(user, user, user).unwrap();
        // Whoever has changed who they are is kept from their own entry in /proc.
        nix::sys::prctl::set_dumpable(true).unwrap();
        World::run(async |world| {
            make_places(world);
            let executor = confined(world, Network::Shared);
            let script = "id -u; echo new >kept/new; echo new >apparent/new; echo new >other/new
                chmod 777 other/old";
            let Some((isolation, output)) = sh(&executor, world, script).await else {
                return;
            };
            let said = output.stdout;
            assert_eq!(said, "65534\n", "{isolation}: {}", output.stderr);
            let there =
                ["kept", "apparent", "other"].map(|place| world.path(place).join("new").exists());
            assert_eq!(there, [true, false, false]);
            let mode = fs::metadata(world.path("other/old")).unwrap().mode() & 0o7777;
            if isolation == Isolation::Private {
                assert_ne!(mode, 0o777);
            }
        });
    });
}
