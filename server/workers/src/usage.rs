//! What a turn has used: tokens and money.

use std::ops::Add;

use serde::{Deserialize, Serialize};

/// What one turn has used, or several added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens that the model has read.
    pub input_tokens: u64,
    /// Tokens that the model has written.
    pub output_tokens: u64,
    /// What that costs, in millionths of a US dollar; nothing if the prices are not known.
    pub cost_microdollars: Option<u64>,
    /// Whether the tokens are estimated because the server did not count them.
    pub estimated: bool,
}

impl Add for Usage {
    type Output = Usage;

    /// Both together. The cost of a part whose price is not known counts as nothing, unless that
    /// holds for both.
    fn add(self, other: Usage) -> Usage {
        Usage {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cost_microdollars: match (self.cost_microdollars, other.cost_microdollars) {
                (Some(one), Some(other)) => Some(one.saturating_add(other)),
                (one, other) => one.or(other),
            },
            estimated: self.estimated || other.estimated,
        }
    }
}

/// What a model costs, in US dollars for a million tokens. That is the same number as millionths
/// of a dollar for one token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Price {
    pub(crate) input: f64,
    pub(crate) output: f64,
}

impl Price {
    /// The cost in millionths of a dollar, rounded up.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "prices are not negative, and conversions from floating point saturate"
    )]
    pub(crate) fn cost(self, input_tokens: u64, output_tokens: u64) -> u64 {
        (input_tokens as f64 * self.input + output_tokens as f64 * self.output).ceil() as u64
    }
}

/// About how many tokens `text` has: one for four characters, as is usual for English and code
/// with the tokenizers of today. The true number depends on the model, and may be a third off.
#[must_use]
pub fn estimate_tokens(text: &str) -> u64 {
    (text.chars().count() as u64).div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_costs_what_its_tokens_cost() {
        let price = Price {
            input: 0.25,
            output: 2.0,
        };
        assert_eq!(price.cost(1_000_000, 1_000_000), 2_250_000);
        assert_eq!(price.cost(1, 0), 1);
        assert_eq!(price.cost(0, 0), 0);
    }

    #[test]
    fn turns_add_up() {
        let usage = |cost_microdollars, estimated| Usage {
            input_tokens: 2,
            output_tokens: 1,
            cost_microdollars,
            estimated,
        };
        let sum = usage(Some(5), false) + usage(None, true);
        assert_eq!((sum.input_tokens, sum.output_tokens), (4, 2));
        assert_eq!((sum.cost_microdollars, sum.estimated), (Some(5), true));
        assert_eq!(
            (usage(None, false) + usage(None, false)).cost_microdollars,
            None
        );
    }

    #[test]
    fn four_characters_are_about_a_token() {
        for (text, tokens) in [("", 0), ("abcd", 1), ("abcde", 2), ("ééééé", 2)] {
            assert_eq!(estimate_tokens(text), tokens, "{text}");
        }
    }
}
