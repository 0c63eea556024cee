//! Which of a number of things wait for which.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// For each thing, by its number, those that must come before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependencies(Vec<Vec<usize>>);

impl Dependencies {
    /// So many things, none of which waits for another.
    #[must_use]
    pub fn none(count: usize) -> Self {
        Self(vec![Vec::new(); count])
    }

    /// Has `later` wait for `earlier`. Numbers of no thing say nothing.
    pub fn add(&mut self, later: usize, earlier: usize) {
        if earlier < self.0.len()
            && let Some(before) = self.0.get_mut(later)
            && !before.contains(&earlier)
        {
            before.push(earlier);
        }
    }

    /// What must come before a thing, without what must come before that.
    #[must_use]
    pub fn before(&self, thing: usize) -> &[usize] {
        self.0.get(thing).map_or(&[], Vec::as_slice)
    }

    /// All things in an order that keeps to this: of those that could come next, always the one
    /// with the lowest number. What is on a circle, or waits for one, is left out.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        let mut waiting: Vec<usize> = self.0.iter().map(Vec::len).collect();
        let mut after = vec![Vec::new(); self.0.len()];
        for (later, before) in self.0.iter().enumerate() {
            for &earlier in before {
                after[earlier].push(later);
            }
        }
        let free = waiting.iter().enumerate().filter(|(_, count)| **count == 0);
        let mut free: BinaryHeap<_> = free.map(|(thing, _)| Reverse(thing)).collect();
        let mut order = Vec::with_capacity(self.0.len());
        while let Some(Reverse(thing)) = free.pop() {
            order.push(thing);
            for &later in &after[thing] {
                waiting[later] -= 1;
                if waiting[later] == 0 {
                    free.push(Reverse(later));
                }
            }
        }
        order
    }

    /// A circle from every group of things that wait for each other: each waits for the next, and
    /// the last for the first. A circle begins with its lowest number.
    #[must_use]
    pub fn circles(&self) -> Vec<Vec<usize>> {
        /// Whether a walk has been at a thing, and how far into it.
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            No,
            OnThisWalk(usize),
            Before,
        }
        let mut seen = vec![Seen::Before; self.0.len()];
        let ordered = self.order();
        let mut stuck = vec![true; self.0.len()];
        for thing in ordered {
            stuck[thing] = false;
        }
        for (thing, stuck) in stuck.iter().enumerate() {
            if *stuck {
                seen[thing] = Seen::No;
            }
        }
        let mut circles = Vec::new();
        for start in 0..self.0.len() {
            // Whatever is stuck waits for something that is stuck, so the walk ends on a circle or
            // where another walk has been.
            let mut walk = Vec::new();
            let mut at = start;
            while seen[at] == Seen::No {
                seen[at] = Seen::OnThisWalk(walk.len());
                walk.push(at);
                match self.0[at].iter().find(|before| stuck[**before]) {
                    Some(next) => at = *next,
                    None => break,
                }
            }
            if let Seen::OnThisWalk(from) = seen[at] {
                let mut circle = walk[from..].to_vec();
                let lowest = circle.iter().enumerate().min_by_key(|(_, thing)| **thing);
                let lowest = lowest.map_or(0, |(index, _)| index);
                circle.rotate_left(lowest);
                circles.push(circle);
            }
            for thing in walk {
                seen[thing] = Seen::Before;
            }
        }
        circles
    }

    /// For each thing, whether `thing` waits for it, at once or through others.
    #[must_use]
    pub fn waits_for(&self, thing: usize) -> Vec<bool> {
        let mut found = vec![false; self.0.len()];
        let mut open: Vec<usize> = self.before(thing).to_vec();
        while let Some(next) = open.pop() {
            if !std::mem::replace(&mut found[next], true) {
                open.extend(self.before(next));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(count: usize, edges: &[(usize, usize)]) -> Dependencies {
        let mut dependencies = Dependencies::none(count);
        for (later, earlier) in edges {
            dependencies.add(*later, *earlier);
        }
        dependencies
    }

    #[test]
    fn order_and_circles() {
        let none: &[&[usize]] = &[];
        for (count, edges, order, circles) in [
            (0, &[][..], &[][..], none),
            (3, &[], &[0, 1, 2], none),
            (3, &[(0, 2)], &[1, 2, 0], none),
            (4, &[(1, 0), (2, 0), (3, 1), (3, 2)], &[0, 1, 2, 3], none),
            (2, &[(0, 0)], &[1], &[&[0]]),
            (4, &[(2, 1), (1, 2), (3, 1)], &[0], &[&[1, 2]]),
            (
                5,
                &[(0, 1), (1, 0), (2, 4), (4, 3), (3, 2)],
                &[],
                &[&[0, 1], &[2, 4, 3]],
            ),
            (2, &[(0, 7), (7, 0)], &[0, 1], none),
        ] {
            let dependencies = of(count, edges);
            assert_eq!(dependencies.order(), order, "{edges:?}");
            assert_eq!(dependencies.circles(), circles, "{edges:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_in_order_is_on_no_circle_and_the_rest_is_told(
            edges in prop::collection::vec((0..12_usize, 0..12_usize), 0..24),
        ) {
            let dependencies = of(12, &edges);
            let order = dependencies.order();
            let place = |thing: usize| order.iter().position(|one| *one == thing);
            for (later, earlier) in &edges {
                if let Some(later) = place(*later) {
                    prop_assert!(place(*earlier).is_some_and(|earlier| earlier < later));
                }
            }
            let circles = dependencies.circles();
            prop_assert_eq!(circles.is_empty(), order.len() == 12);
            for circle in circles {
                for (index, thing) in circle.iter().enumerate() {
                    let next = circle[(index + 1) % circle.len()];
                    prop_assert!(dependencies.before(*thing).contains(&next));
                    prop_assert!(dependencies.waits_for(*thing)[*thing]);
                }
            }
        }
    }
}
