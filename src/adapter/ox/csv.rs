//! CSV as the tools print it with `--csv`: a header without quotes, values in quotes that are doubled
//! inside, nothing for a missing value (`BasicCommandlineOptions.doCSVOutput`).

/// The fields of a line; `None` if it is no CSV.
pub(super) fn fields(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_field(quoted)?
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].to_owned(), &rest[end..])
        };
        if field.is_empty() && after.is_empty() && fields.is_empty() {
            return None;
        }
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(fields),
            None => return None,
        }
    }
}

/// The text up to the closing quote, and what stands behind that.
fn quoted_field(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let quote = rest.find('"')?;
        field.push_str(&rest[..quote]);
        rest = &rest[quote + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, rest)),
        }
    }
}

/// Two columns of a table that is read line by line. What stands before the header is talk.
pub(super) struct Columns {
    names: [&'static str; 2],
    places: Option<[usize; 2]>,
    /// A line behind the header that does not fit it.
    pub(super) misfit: bool,
}

impl Columns {
    pub(super) fn new(names: [&'static str; 2]) -> Self {
        Self {
            names,
            places: None,
            misfit: false,
        }
    }

    /// Whether the header was seen.
    pub(super) fn has_header(&self) -> bool {
        self.places.is_some()
    }

    /// Both values of a row; `None` for talk and the header.
    pub(super) fn row(&mut self, line: &str) -> Option<[String; 2]> {
        let fields = fields(line);
        let Some(places) = self.places else {
            let header = fields?;
            let place = |name: &str| {
                header
                    .iter()
                    .position(|field| field.eq_ignore_ascii_case(name))
            };
            self.places = Some([place(self.names[0])?, place(self.names[1])?]);
            return None;
        };
        let value = |at: usize| fields.as_ref()?.get(at).cloned();
        if let (Some(one), Some(other)) = (value(places[0]), value(places[1])) {
            Some([one, other])
        } else {
            self.misfit = true;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_missing_values() {
        let texts = |all: &[&str]| Some(all.iter().map(|text| (*text).to_owned()).collect());
        assert_eq!(fields("id,name"), texts(&["id", "name"]));
        assert_eq!(fields(r#""4","open"#), None);
        assert_eq!(
            fields(r#""4","a ""b"", c",,"d""#),
            texts(&["4", "a \"b\", c", "", "d"])
        );
        assert_eq!(fields(r#""4","#), texts(&["4", ""]));
        assert_eq!(fields(r#""4"x,"5""#), None);
        assert_eq!(fields(""), None);
    }

    #[test]
    fn columns_are_found_by_name_behind_talk() {
        let mut columns = Columns::new(["scheme", "status"]);
        assert_eq!(columns.row("Checking database schemas...."), None);
        assert!(!columns.has_header());
        assert_eq!(columns.row("id,display_name,url,scheme,status"), None);
        let row = columns.row(r#""4","ox","jdbc:mysql://x/","ox_1","Needs update""#);
        assert_eq!(row, Some(["ox_1".to_owned(), "Needs update".to_owned()]));
        assert_eq!(columns.row(r#""4","ox""#), None);
        assert!(columns.misfit);
    }
}
