//! Bearer tokens and the users behind them.

use std::collections::BTreeMap;
use std::fmt;

use super::{ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, User};
use crate::status::Status;

/// The tokens that are known.
#[derive(Clone, Default)]
pub struct Tokens {
    users: BTreeMap<String, User>,
    /// Whoever shows no known token is an administrator.
    open: bool,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.users.values().map(|user| user.name.as_str()).collect();
        f.debug_struct("Tokens").field("users", &names).field("open", &self.open).finish()
    }
}

impl Tokens {
    /// Nobody needs credentials: whoever shows no known token is an administrator.
    #[must_use]
    pub fn none_needed() -> Self {
        Self { users: BTreeMap::new(), open: true }
    }

    /// Reads a token file of kube-apiserver: a line `token,user,uid,"group,group"` for each, the
    /// groups may be left out. As there, a line without token counts for nothing, and of two
    /// lines with the same token the later one counts.
    ///
    /// # Errors
    /// The number of the line and what is wrong with it.
    pub fn parse_csv(text: &str) -> Result<Self, String> {
        let mut tokens = Self::default();
        for (line, columns) in records(text)? {
            let [token, name, uid, rest @ ..] = columns.as_slice() else {
                let count = columns.len();
                return Err(format!(
                    "line {line}: at least 3 columns are needed (token, user, uid), found {count}"
                ));
            };
            if token.is_empty() {
                continue;
            }
            let groups = rest.first().into_iter().flat_map(|groups| groups.split(','));
            let groups = groups.filter(|group| !group.is_empty()).map(str::to_owned).collect();
            let user = User { name: name.clone(), uid: uid.clone(), groups, ..User::default() };
            tokens.insert(token, user);
        }
        Ok(tokens)
    }

    /// Adds a token. Its user is in `system:authenticated` from now on.
    pub fn insert(&mut self, token: &str, mut user: User) {
        let told = user.is_in(AUTHENTICATED) || user.is_in(UNAUTHENTICATED);
        if user.name != ANONYMOUS && !told {
            user.groups.push(AUTHENTICATED.to_owned());
        }
        self.users.insert(token.to_owned(), user);
    }

    /// The user of a header `Authorization`. Without a bearer token that is `system:anonymous`.
    ///
    /// # Errors
    /// 401 if nobody knows the token.
    pub fn authenticate(&self, authorization: Option<&str>) -> Result<User, Status> {
        let token = authorization.and_then(bearer);
        match token.map(|token| self.users.get(token)) {
            Some(Some(user)) => Ok(user.clone()),
            _ if self.open => Ok(User::admin()),
            Some(None) => Err(Status::unauthorized()),
            None => Ok(User::anonymous()),
        }
    }
}

/// The token of a header, if it is one of the scheme.
fn bearer(header: &str) -> Option<&str> {
    let mut parts = header.trim().splitn(3, ' ');
    let is_bearer = parts.next()?.eq_ignore_ascii_case("bearer");
    parts.next().filter(|token| is_bearer && !token.is_empty())
}

/// The records of a CSV file as Go reads it, each with the line on which it begins.
fn records(text: &str) -> Result<Vec<(usize, Vec<String>)>, String> {
    let text = text.replace("\r\n", "\n");
    let mut records = Vec::new();
    let (mut rest, mut line) = (text.as_str(), 1);
    while !rest.is_empty() {
        if let Some(next) = rest.strip_prefix('\n') {
            (rest, line) = (next, line + 1);
            continue;
        }
        let (first, mut columns) = (line, Vec::new());
        loop {
            let (column, after) = column(rest).map_err(|why| format!("line {line}: {why}"))?;
            line += column.matches('\n').count();
            columns.push(column);
            if let Some(more) = after.strip_prefix(',') {
                rest = more;
                continue;
            }
            rest = after;
            break;
        }
        if let Some(next) = rest.strip_prefix('\n') {
            (rest, line) = (next, line + 1);
        }
        records.push((first, columns));
    }
    Ok(records)
}

/// The next column, and what comes after it: a comma, the end of the line or nothing.
fn column(text: &str) -> Result<(String, &str), &'static str> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        let (column, after) = text.split_at(end);
        if column.contains('"') {
            return Err("a quote in a column that does not begin with one");
        }
        return Ok((column.to_owned(), after));
    };
    let mut column = String::new();
    loop {
        let (part, after) = rest.split_once('"').ok_or("a quote is not closed")?;
        column.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                column.push('"');
                rest = more;
            }
            None if after.is_empty() || after.starts_with([',', '\n']) => {
                return Ok((column, after));
            }
            None => return Err("something follows a quote that closes a column"),
        }
    }
}
