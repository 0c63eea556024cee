//! Crate docs.
//!
//! ```
//! assert_eq!(docs::add(1, 1), 2);
//! ```

/// Adds.
///
/// ```
/// assert_eq!(docs::add(1, 2), 3);
/// ```
/// and
/// ```should_panic
/// panic!("x");
/// ```
/// ```compile_fail
/// let x: u8 = "";
/// ```
/// ```ignore
/// foo
/// ```
/// ```no_run
/// loop {}
/// ```
///
///     assert_eq!(docs::add(1, 2), 4);
pub fn add(a: i32, b: i32) -> i32 { a + b }

/// S
pub struct S<T>(T);
impl<T> S<T> {
    /// ```
    /// let x = 1;
    /// ```
    pub fn m(&self) {
    }
}
pub trait Tr {
    /// ```
    /// let x = 1;
    /// ```
    fn t(&self);
}
impl Tr for S<u8> {
    /// ```
    /// let x = 1;
    /// ```
    fn t(&self) {}
}
pub mod inner {
    //! ```
    //! let y = 1;
    //! ```
    pub enum E {
        /// ```
        /// let y = 1;
        /// ```
        A {
          /// ```
          /// let y = 1;
          /// ```
          f: u8 },
    }
    pub struct P {
        /// ```
        /// let y = 1;
        /// ```
        pub z: u8,
    }
    /// ```
    /// let y = 1;
    /// ```
    #[macro_export]
    macro_rules! mac { () => {} }
    fn outer() {
        /// ```
        /// let y = 1;
        /// ```
        fn innermost() {}
    }
}
/** block
 ```
 let b = 1;
 ```
 */
pub const C: u8 = 1;
/** 
 * block
 * ~~~
 * let b = 1;
 * ~~~
 */
pub static ST: u8 = 1;
pub type T = u8;

/// A generic
///
/// - item
///
///   ```text
///   no
///   ```
///
///   ```
///   assert!(true);
///   ```
pub struct G<A, B>(pub A, pub B);
impl<A, B> Tr for G<A,   B> {
    /// ```
    /// let z = 1;
    /// ```
    fn t(&self) {}
}
#[cfg(test)]
mod tests {
    /// ```
    /// not seen
    /// ```
    #[test]
    fn passes() {}
}
