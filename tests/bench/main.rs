//! Benchmarks of the real binary, each beside the bare command in the same run.
//!
//! `tests/run --bench`, or `cargo bench -p greenward-tests -- FILTER` after
//! `cargo build --release -p greenward`. Each line is a median of several samples and, where there
//! is a bare command to compare with, the ratio of the two medians, taken in turns so that a slow
//! moment of the machine hits both. Nothing here fails because something is slow: it says so.

#![expect(clippy::print_stdout, reason = "what is measured is printed")]

mod cargo;
mod cycle;
mod editor;
mod pytest;
mod sample;
mod size;

use sample::Report;

/// A benchmark puts its figures into the report.
type Benchmark = fn(&mut Report);

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let benchmarks: [(&str, Benchmark); 12] = [
        ("start", editor::start),
        ("memory", size::memory),
        ("cargo-unchanged", cargo::unchanged),
        ("cargo-rebuild", cargo::rebuild),
        ("pytest-one", pytest::one),
        ("pytest-800", pytest::many),
        ("requests", editor::requests),
        ("discovery", size::discovery),
        ("saves", editor::saves),
        ("cycle", cycle::added),
        ("lanes", cycle::large),
        ("binary", size::binary),
    ];
    let mut report = Report::default();
    for (name, run) in benchmarks {
        if filter
            .as_ref()
            .is_none_or(|filter| name.contains(filter.as_str()))
        {
            run(&mut report);
        }
    }
    report.end();
}
