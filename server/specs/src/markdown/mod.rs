//! Reading Markdown.
//!
//! [`outline`] finds headings, criteria and tables, with the lines that each takes. What a spec or
//! a plan makes of them is said by [`spec`] and by [`written`](crate::written). Wordings, titles
//! and cells are what stands in the source, `__init__` and `2*3*4` among it: rendered they would
//! be something else.

pub(crate) mod keyword;
pub(crate) mod outline;
pub(crate) mod section;
pub(crate) mod spec;
pub(crate) mod table;
