//! Practice: a piece of a real file is taken out, the learner writes it, the project's own tests are the marker.
//!
//! - [`workplace`]: the checkout and what git knows of it; nothing that is not committed is ever overwritten
//! - [`instruments`], [`panels`], [`rules`]: what is taken out, and how what is there instead is marked
//! - [`facts`], [`selectors`]: what a panel's query must do
//! - `self_test`: the proof that each gap turns its tests red and that its solution turns them green
//!
//! The solution is the committed file: it cannot rot apart from it. Only the queries of the panels are another file's, those of
//! the provisioned dashboard that the practice dashboard is to be compared with.

pub mod facts;
pub mod instruments;
mod judgement;
pub mod panels;
pub mod rules;
pub mod selectors;
mod self_test;
pub mod workplace;

pub use judgement::{Incomplete, Judgement};
pub use self_test::run as self_test;

use anyhow::{Result, bail, ensure};
use stack_tests::repository;

use workplace::Workplace;

/// What can be practised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exercise {
    /// The instruments and the recording.
    Instruments,
    /// The queries of the four panels.
    Panels,
    /// The two rules.
    Rules,
}

impl Exercise {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Instruments, Self::Panels, Self::Rules];

    /// As it is asked for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instruments => "instruments",
            Self::Panels => "panels",
            Self::Rules => "rules",
        }
    }

    /// The exercise of that name.
    ///
    /// # Errors
    /// There is none.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|known| known.name() == name);
        found.map_or_else(
            || {
                let names = Self::ALL.map(Self::name).join(", ");
                bail!("there is no exercise {name:?}; choose one of {names}")
            },
            Ok,
        )
    }

    /// The one file it takes place in.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Instruments => instruments::FILE,
            Self::Panels => panels::FILE,
            Self::Rules => rules::FILE,
        }
    }

    /// The committed file with the gap in it.
    fn gap(self, committed: &str) -> Result<String> {
        match self {
            Self::Instruments => instruments::gap(committed),
            Self::Panels => panels::gap(committed),
            Self::Rules => rules::gap(committed),
        }
    }

    /// The present file with the committed pieces in their places.
    fn solved(self, current: &str, committed: &str, workplace: &Workplace) -> Result<String> {
        match self {
            Self::Instruments => instruments::solved(current, committed),
            Self::Rules => rules::solved(current, committed),
            Self::Panels => panels::solved(committed, &workplace.read(panels::MODEL)?),
        }
    }

    /// Keeps what is saved elsewhere and is lost when the file changes; returns its name.
    fn keep_saved(self, current: &str, workplace: &Workplace) -> Result<Vec<String>> {
        let saved = match self {
            Self::Instruments | Self::Rules => None,
            Self::Panels => panels::only_in_grafana(workplace, current),
        };
        saved
            .iter()
            .map(|text| workplace.keep(self.name(), text))
            .collect()
    }

    /// The solution with each piece taken out by itself.
    fn single_gaps(self, committed: &str, workplace: &Workplace) -> Result<Vec<String>> {
        match self {
            Self::Instruments => instruments::single_gaps(committed),
            Self::Panels => panels::single_gaps(committed, &workplace.read(panels::MODEL)?),
            Self::Rules => rules::single_gaps(committed),
        }
    }

    /// Whether the tests that mark it pass.
    fn tests_pass(self, workplace: &Workplace) -> Result<bool> {
        match self {
            Self::Instruments => Ok(instruments::test(workplace)?.status.success()),
            Self::Panels => Ok(panels::judge(workplace)?.is_complete()),
            Self::Rules => Ok(rules::test(workplace)?.status.success()),
        }
    }

    fn judge(self, workplace: &Workplace) -> Result<Judgement> {
        match self {
            Self::Instruments => instruments::judge(workplace),
            Self::Panels => panels::judge(workplace),
            Self::Rules => rules::judge(workplace),
        }
    }

    const fn first_step(self) -> &'static str {
        match self {
            Self::Instruments => {
                "write the instruments; the golden file app/order-service/tests/golden/metrics.txt lists what /metrics must show"
            }
            Self::Panels => {
                "build the four panels at /d/practice in Grafana, or write their \"targets\" into the file"
            }
            Self::Rules => {
                "write both rules until their tests pass; observability/prometheus/tests/order-service.yml and order-service-latency.yml say when each must fire"
            }
        }
    }
}

/// Takes the piece out.
///
/// # Errors
/// The file has changes that are not committed, or is not a git repository's.
pub fn begin(exercise: Exercise) -> Result<()> {
    let workplace = Workplace::new(repository::root())?;
    let kept = begin_in(&workplace, exercise)?;
    print_kept(&kept, exercise.file());
    println!(
        "The task is in {}. Next: {}.",
        exercise.file(),
        exercise.first_step()
    );
    println!(
        "To see how far you are: scripts/lab check {}",
        exercise.name()
    );
    Ok(())
}

/// Returns the names under which what would be lost is kept.
fn begin_in(workplace: &Workplace, exercise: Exercise) -> Result<Vec<String>> {
    let file = exercise.file();
    let committed = workplace.committed("HEAD", file)?;
    let current = workplace.read(file)?;
    let gap = exercise.gap(&committed)?;
    let nothing_to_lose = [&committed, &gap].contains(&&current)
        || current == exercise.solved(&committed, &committed, workplace)?;
    ensure!(
        nothing_to_lose,
        "{file} has uncommitted changes, so nothing was changed.\n\
         To put them aside:  git stash push -- {file}\n\
         To discard them:    git restore -- {file}"
    );
    workplace.remember_start(exercise.name())?;
    if current == gap {
        return Ok(Vec::new());
    }
    let kept = exercise.keep_saved(&current, workplace)?;
    workplace.write(file, &gap)?;
    Ok(kept)
}

/// Says how far it is.
///
/// # Errors
/// Something is missing ([`Incomplete`]), or it could not be found out.
pub fn check(exercise: Exercise) -> Result<()> {
    let workplace = Workplace::new(repository::root())?;
    let judgement = exercise.judge(&workplace)?;
    judgement.print(exercise);
    ensure!(judgement.is_complete(), Incomplete);
    Ok(())
}

/// Puts the pieces back and keeps what was there instead.
///
/// # Errors
/// It is not a git repository.
pub fn solution(exercise: Exercise) -> Result<()> {
    let workplace = Workplace::new(repository::root())?;
    let file = exercise.file();
    match solution_in(&workplace, exercise)? {
        Solution::There => println!("{file} already has the solution."),
        Solution::PutBack {
            kept,
            rest_is_yours,
        } => {
            println!("The solution is in {file} now.");
            if rest_is_yours {
                println!("Everything else in the file is as you left it.");
            }
            print_kept(&kept, file);
        }
    }
    Ok(())
}

fn print_kept(kept: &[String], file: &str) {
    for name in kept {
        println!("Your version is kept. To see it, to compare it, to have it back:");
        println!("  git show {name}");
        println!("  git diff {name} -- {file}");
        println!("  git show {name} > {file}");
    }
}

/// What was to be done to have the solution in the file.
enum Solution {
    /// Nothing.
    There,
    /// It was put back.
    PutBack {
        /// The names under which what was there instead is kept, if it was more than the gap.
        kept: Vec<String>,
        /// Whether the file has other changes, which are still there.
        rest_is_yours: bool,
    },
}

fn solution_in(workplace: &Workplace, exercise: Exercise) -> Result<Solution> {
    let file = exercise.file();
    let committed = workplace.committed(&workplace.start(exercise.name()), file)?;
    let current = workplace.read(file)?;
    let solved = exercise.solved(&current, &committed, workplace)?;
    let solution = if current == solved {
        Solution::There
    } else {
        let is_gap = exercise.gap(&committed).is_ok_and(|gap| gap == current);
        let mut kept = exercise.keep_saved(&current, workplace)?;
        if !is_gap {
            kept.push(workplace.keep(exercise.name(), &current)?);
        }
        workplace.write(file, &solved)?;
        Solution::PutBack {
            kept,
            rest_is_yours: solved != exercise.solved(&committed, &committed, workplace)?,
        }
    };
    workplace.forget_start(exercise.name())?;
    Ok(solution)
}
