//! From a save to what it means, for pytest kept warm, beside a cold `pytest`.

use greenward_tests::{Client, World};

use crate::editor::{options, wait_for_run, wait_until_known};
use crate::sample::{Report, median, time};

const SAMPLES: usize = 7;

fn tests(count: usize, comment: usize) -> String {
    let mut text = format!("# {comment}\nimport json\n");
    for number in 0..count {
        text.push_str(&format!(
            "\ndef test_{number}():\n    assert json.loads('{number}') == {number}\n"
        ));
    }
    text
}

fn compare(report: &mut Report, what: &str, count: usize, budget: f64) {
    let world = World::new("//- pytest.ini\n[pytest]\n");
    let Some(world) = world.with_python() else {
        report.skip(what, "no Python with pytest");
        return;
    };
    world.write("test_numbers.py", tests(count, 0));
    let mut client = Client::start(&world, options());
    client.open("test_numbers.py");
    wait_until_known(&mut client, count as u64);
    // The first runs show what is worth keeping.
    for warming in 0..2 {
        client.save("test_numbers.py", &tests(count, warming + 100));
        wait_for_run(&mut client);
        client.wait_until_idle();
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for sample in 1..=SAMPLES {
        let text = tests(count, sample);
        ours.push(
            time(|| {
                client.save("test_numbers.py", &text);
                wait_for_run(&mut client);
            })
            .0,
        );
        client.wait_until_idle();
        let (cold, finished) = time(|| {
            world.tool(
                "python",
                &["-m", "pytest", "-p", "no:cacheprovider", "test_numbers.py"],
            )
        });
        assert_eq!(finished.code, Some(0), "pytest");
        theirs.push(cold);
    }
    report.ratio(what, median(ours), median(theirs), budget);
}

pub(crate) fn one(report: &mut Report) {
    compare(report, "pytest, save to result, one test", 1, 0.4);
}

pub(crate) fn many(report: &mut Report) {
    compare(report, "pytest, save to result, 800 tests", 800, 0.9);
}
