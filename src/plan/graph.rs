//! Order of execution: a topological sort that keeps the order of declaration where it may, and
//! names a cycle where there is one. No recursion: a chain of 100,000 steps works.
//!
//! petgraph's `toposort` gives neither declaration order nor the members of a cycle; it serves as
//! the oracle of a property test.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Sorts nodes `0..after.len()` so that each comes behind all of `after[node]`; among those that
/// may come next the lowest number comes first. `Err` holds one cycle, each node behind the next,
/// beginning with its lowest member.
pub(super) fn sort(after: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut waiting: Vec<usize> = after.iter().map(Vec::len).collect();
    let mut followers = vec![Vec::new(); after.len()];
    for (node, earlier) in after.iter().enumerate() {
        for &other in earlier {
            followers[other].push(node);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..after.len())
        .filter(|&node| waiting[node] == 0)
        .map(Reverse)
        .collect();
    let mut order = Vec::with_capacity(after.len());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for &follower in &followers[node] {
            waiting[follower] -= 1;
            if waiting[follower] == 0 {
                ready.push(Reverse(follower));
            }
        }
    }
    if order.len() == after.len() {
        Ok(order)
    } else {
        Err(cycle(after, &waiting))
    }
}

/// One cycle among the nodes that still wait. Every one of them waits for another one of them, so
/// following those leads into a cycle.
fn cycle(after: &[Vec<usize>], waiting: &[usize]) -> Vec<usize> {
    let mut seen_at = vec![usize::MAX; after.len()];
    let mut path = Vec::new();
    let mut next = waiting.iter().position(|&count| count > 0);
    while let Some(node) = next {
        if seen_at[node] != usize::MAX {
            let mut members = path.split_off(seen_at[node]);
            let lowest = members.iter().enumerate().min_by_key(|(_, node)| **node);
            let at = lowest.map_or(0, |(at, _)| at);
            members.rotate_left(at);
            return members;
        }
        seen_at[node] = path.len();
        path.push(node);
        next = after[node]
            .iter()
            .copied()
            .find(|&other| waiting[other] > 0);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use petgraph::graphmap::DiGraphMap;
    use proptest::prelude::*;

    #[test]
    fn declaration_order_is_kept() {
        assert_eq!(sort(&[vec![], vec![], vec![]]), Ok(vec![0, 1, 2]));
        assert_eq!(sort(&[vec![2], vec![], vec![]]), Ok(vec![1, 2, 0]));
    }

    #[test]
    fn a_cycle_is_named() {
        assert_eq!(
            sort(&[vec![], vec![3], vec![1], vec![2], vec![1]]),
            Err(vec![1, 3, 2])
        );
        assert_eq!(sort(&[vec![0]]), Err(vec![0]));
    }

    #[test]
    fn a_long_chain_works() {
        let count = 100_000;
        let after: Vec<Vec<usize>> = (0..count)
            .map(|node| if node == 0 { vec![] } else { vec![node - 1] })
            .collect();
        assert_eq!(sort(&after).unwrap().len(), count);
        let looped: Vec<Vec<usize>> = (0..count).map(|node| vec![(node + 1) % count]).collect();
        assert_eq!(sort(&looped).unwrap_err().len(), count);
    }

    proptest! {
        #[test]
        fn agrees_with_petgraph(
            edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..30)
        ) {
            let mut after = vec![Vec::new(); 12];
            let mut graph = DiGraphMap::<usize, ()>::new();
            for node in 0..12 {
                graph.add_node(node);
            }
            for (node, earlier) in edges {
                if !after[node].contains(&earlier) {
                    after[node].push(earlier);
                    graph.add_edge(earlier, node, ());
                }
            }
            match sort(&after) {
                Ok(order) => {
                    prop_assert!(petgraph::algo::toposort(&graph, None).is_ok());
                    let mut place = [0; 12];
                    for (at, &node) in order.iter().enumerate() {
                        place[node] = at;
                    }
                    for (node, earlier) in after.iter().enumerate() {
                        for &other in earlier {
                            prop_assert!(place[other] < place[node]);
                        }
                    }
                }
                Err(members) => {
                    prop_assert!(petgraph::algo::toposort(&graph, None).is_err());
                    for (at, node) in members.iter().enumerate() {
                        let next = members[(at + 1) % members.len()];
                        prop_assert!(after[*node].contains(&next));
                    }
                }
            }
        }
    }
}
