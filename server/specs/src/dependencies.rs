//! Which requirement builds on which.

use greenward_core::Dependencies;

use crate::name::Names;
use crate::spec::{Requirement, Spec};

impl Spec {
    /// Which requirement, by its place, builds on which. Names of no requirement are left out.
    #[must_use]
    pub fn dependencies(&self) -> Dependencies {
        dependencies(&self.requirements)
    }
}

/// Which requirement, by its place, waits for which. Names of no requirement are left out.
pub(crate) fn dependencies(requirements: &[Requirement]) -> Dependencies {
    let names = Names::of(requirements);
    let mut dependencies = Dependencies::none(requirements.len());
    for (later, requirement) in requirements.iter().enumerate() {
        let before = requirement.depends_on.iter();
        for earlier in before.filter_map(|name| names.place(&name.text)) {
            dependencies.add(later, earlier);
        }
    }
    dependencies
}
