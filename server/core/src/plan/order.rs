//! The order that files force on tasks.

use super::Plan;

impl Plan {
    /// Has tasks that may write the same file wait for each other, where the plan does not put
    /// them in an order yet: the one that comes first is done first. Tasks on a circle stay as
    /// they are.
    pub fn put_in_order(&mut self) {
        let mut dependencies = self.dependencies();
        let order = dependencies.order();
        for (at, &later) in order.iter().enumerate() {
            let mut waits = dependencies.waits_for(later);
            // The nearest first: whoever waits for it waits for all that it waits for.
            for &earlier in order[..at].iter().rev() {
                let (first, second) = (&self.tasks[earlier], &self.tasks[later]);
                if !waits[earlier] && first.shares_a_file_with(second) {
                    let id = first.id.clone();
                    self.tasks[later].depends_on.push(id);
                    dependencies.add(later, earlier);
                    waits = dependencies.waits_for(later);
                }
            }
        }
    }
}
