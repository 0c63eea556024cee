//! What an order costs.

/// What is due for an order, in cents: from 50.00 on, a tenth is off.
pub fn due(cents: u32) -> u32 {
    cents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_orders_cost_what_they_cost() {
        assert_eq!(due(4_999), 4_999);
    }

    #[test]
    fn from_fifty_on_a_tenth_is_off() {
        assert_eq!(due(5_000), 4_500);
        assert_eq!(due(8_000), 7_200);
    }
}
