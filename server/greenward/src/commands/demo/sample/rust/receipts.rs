//! Receipts of a shop.

/// A price in cents, as customers read it.
pub fn price(cents: u32) -> String {
    format!("{}.{}", cents / 100, cents % 100)
}

/// A line for each article, then the total.
pub fn receipt(articles: &[(&str, u32)]) -> String {
    let total = articles.iter().map(|(_, cents)| cents).sum();
    articles
        .iter()
        .chain([&("total", total)])
        .map(|(name, cents)| format!("{name:<8}{:>6}\n", price(*cents)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_have_a_point() {
        assert_eq!(price(1250), "12.50");
    }

    #[test]
    fn a_receipt_adds_up() {
        let articles = [("bread", 250), ("butter", 205), ("milk", 119)];
        assert_eq!(
            receipt(&articles),
            "bread     2.50\nbutter    2.05\nmilk      1.19\ntotal     5.74\n"
        );
    }

    #[test]
    fn an_empty_receipt_is_a_total_of_nothing() {
        assert_eq!(receipt(&[]).lines().count(), 1);
    }
}
