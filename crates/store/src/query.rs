//! One SQL text for both databases: `sql("SELECT … WHERE id = $1").bind(id).fetch_all(&db)`.
//!
//! Values and columns have three types only (BIGINT, TEXT, BYTEA), which both drivers map alike. Statements are static
//! texts, or texts that [`crate::dialect`] makes from static parts: never from input.

use base::Timestamp;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};
use std::borrow::Cow;
use uuid::Uuid;

use crate::{StoreError, StoreResult};

/// A value to bind. `None` keeps its type, since PostgreSQL wants to know.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// BIGINT
    Int(Option<i64>),
    /// TEXT
    Text(Option<String>),
    /// BYTEA
    Bytes(Option<Vec<u8>>),
}

macro_rules! values {
    ($($type:ty => $variant:ident |$value:ident| $expression:expr;)+) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self { Self::$variant(Some($expression)) }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self { Self::$variant(value.map(|$value| $expression)) }
        }
    )+};
}

values! {
    i64 => Int |value| value;
    u32 => Int |value| i64::from(value);
    bool => Int |value| i64::from(value);
    Timestamp => Int |value| value.micros();
    String => Text |value| value;
    &str => Text |value| value.to_owned();
    Vec<u8> => Bytes |value| value;
    &[u8] => Bytes |value| value.to_vec();
    Uuid => Bytes |value| value.as_bytes().to_vec();
    [u8; 16] => Bytes |value| value.to_vec();
    [u8; 32] => Bytes |value| value.to_vec();
}

/// What a column can be read as.
pub trait Column: Sized {
    /// Reads a value; `None` if it has another type.
    fn read(value: Value) -> Option<Self>;
    /// Which of the three types is asked of the driver.
    fn kind() -> ColumnKind;
}

/// The three types of columns.
#[derive(Clone, Copy)]
pub enum ColumnKind {
    /// BIGINT
    Int,
    /// TEXT
    Text,
    /// BYTEA
    Bytes,
}

macro_rules! columns {
    ($($type:ty => $variant:ident |$value:ident| $expression:expr;)+) => {$(
        impl Column for $type {
            fn read(value: Value) -> Option<Self> {
                match value { Value::$variant(Some($value)) => $expression, _ => None }
            }
            fn kind() -> ColumnKind { ColumnKind::$variant }
        }
        impl Column for Option<$type> {
            fn read(value: Value) -> Option<Self> {
                match value {
                    Value::$variant(Some($value)) => ($expression).map(Some),
                    Value::$variant(None) => Some(None),
                    _ => None,
                }
            }
            fn kind() -> ColumnKind { ColumnKind::$variant }
        }
    )+};
}

columns! {
    i64 => Int |value| Some(value);
    u32 => Int |value| u32::try_from(value).ok();
    u64 => Int |value| u64::try_from(value).ok();
    bool => Int |value| Some(value != 0);
    Timestamp => Int |value| Some(Timestamp(value));
    String => Text |value| Some(value);
    Vec<u8> => Bytes |value| Some(value);
    Uuid => Bytes |value| Uuid::from_slice(&value).ok();
    [u8; 16] => Bytes |value| value.try_into().ok();
    [u8; 32] => Bytes |value| value.try_into().ok();
}

/// Makes an id type of `base` a value and a column.
macro_rules! id_columns {
    ($($id:ident)+) => {$(
        impl From<base::id::$id> for Value {
            fn from(id: base::id::$id) -> Self { Self::from(id.0) }
        }
        impl From<Option<base::id::$id>> for Value {
            fn from(id: Option<base::id::$id>) -> Self { Self::from(id.map(|id| id.0)) }
        }
        columns! {
            base::id::$id => Bytes |value| Uuid::from_slice(&value).ok().map(base::id::$id);
        }
    )+};
}

id_columns! {
    OrganisationId AppId EnvironmentId MemberId SessionId ApiKeyId PersonId CompanyId JobId SurveyId FlowId SegmentId ReportId
    AuditRecordId FindingId RequestId EdgeGrantId InvitationId PasskeyId
    DeviceId SignInId IdentityProviderId IdentityId
}

/// A row of either database.
#[derive(Debug)]
pub struct Row(RowOf);

enum RowOf {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl std::fmt::Debug for RowOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[row]")
    }
}

macro_rules! read_column {
    ($row:expr, $column:expr, $kind:expr) => {
        match $kind {
            ColumnKind::Int => $row.try_get_unchecked::<Option<i64>, _>($column).map(Value::Int),
            ColumnKind::Text => $row.try_get_unchecked::<Option<String>, _>($column).map(Value::Text),
            ColumnKind::Bytes => $row.try_get_unchecked::<Option<Vec<u8>>, _>($column).map(Value::Bytes),
        }
    };
}

impl Row {
    /// The value of a named column.
    pub fn get<T: Column>(&self, column: &str) -> StoreResult<T> {
        let value = match &self.0 {
            RowOf::Sqlite(row) => read_column!(row, column, T::kind()),
            RowOf::Postgres(row) => read_column!(row, column, T::kind()),
        };
        value.ok().and_then(T::read).ok_or_else(|| StoreError::Decode { column: column.to_owned() })
    }
}

/// A statement with its parameters.
#[must_use = "a query does nothing until it is run"]
pub struct Query {
    text: Cow<'static, str>,
    values: Vec<Value>,
}

/// Starts a query. Parameters are `$1`, `$2`… in the order of the calls of [`Query::bind`].
pub fn sql(text: impl Into<Cow<'static, str>>) -> Query {
    Query { text: text.into(), values: Vec::new() }
}

impl Query {
    /// Binds the next parameter.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Binds the next parameters, for the lists that [`crate::dialect::placeholders`] makes room for.
    pub fn bind_all<V: Into<Value>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.values.extend(values.into_iter().map(Into::into));
        self
    }

    /// All rows.
    pub async fn fetch_all(self, on: impl Executor) -> StoreResult<Vec<Row>> {
        on.rows(self).await
    }

    /// As [`fetch_all`](Self::fetch_all), for one of several queries on the same.
    pub(crate) async fn fetch_some(self, on: &mut impl Executor) -> StoreResult<Vec<Row>> {
        on.some_rows(self).await
    }

    /// The first row, if there is one.
    pub async fn fetch_optional(self, on: impl Executor) -> StoreResult<Option<Row>> {
        Ok(on.rows(self).await?.into_iter().next())
    }

    /// The first row.
    ///
    /// # Errors
    /// Besides the database's, [`StoreError::Decode`] if there is none.
    pub async fn fetch_one(self, on: impl Executor) -> StoreResult<Row> {
        self.fetch_optional(on).await?.ok_or_else(|| StoreError::Decode { column: "(no row)".to_owned() })
    }

    /// Runs a statement; the number of rows that it changed.
    pub async fn execute(self, on: impl Executor) -> StoreResult<u64> {
        on.run(self).await
    }

    pub(crate) async fn rows_sqlite<'e, E: sqlx::Executor<'e, Database = Sqlite>>(
        self,
        on: E,
    ) -> StoreResult<Vec<Row>> {
        let mut query = sqlx::query::<Sqlite>(AssertSqlSafe(self.text.into_owned()));
        for value in self.values {
            query = bind_sqlite(query, value);
        }
        Ok(query.fetch_all(on).await?.into_iter().map(|row| Row(RowOf::Sqlite(row))).collect())
    }

    pub(crate) async fn run_sqlite<'e, E: sqlx::Executor<'e, Database = Sqlite>>(self, on: E) -> StoreResult<u64> {
        let mut query = sqlx::query::<Sqlite>(AssertSqlSafe(self.text.into_owned()));
        for value in self.values {
            query = bind_sqlite(query, value);
        }
        Ok(query.execute(on).await?.rows_affected())
    }

    pub(crate) async fn rows_postgres<'e, E: sqlx::Executor<'e, Database = Postgres>>(
        self,
        on: E,
    ) -> StoreResult<Vec<Row>> {
        let mut query = sqlx::query::<Postgres>(AssertSqlSafe(self.text.into_owned()));
        for value in self.values {
            query = bind_postgres(query, value);
        }
        Ok(query.fetch_all(on).await?.into_iter().map(|row| Row(RowOf::Postgres(row))).collect())
    }

    pub(crate) async fn run_postgres<'e, E: sqlx::Executor<'e, Database = Postgres>>(self, on: E) -> StoreResult<u64> {
        let mut query = sqlx::query::<Postgres>(AssertSqlSafe(self.text.into_owned()));
        for value in self.values {
            query = bind_postgres(query, value);
        }
        Ok(query.execute(on).await?.rows_affected())
    }
}

type SqliteQuery<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;
type PostgresQuery<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

fn bind_sqlite(query: SqliteQuery<'_>, value: Value) -> SqliteQuery<'_> {
    match value {
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    }
}

fn bind_postgres(query: PostgresQuery<'_>, value: Value) -> PostgresQuery<'_> {
    match value {
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value),
        Value::Bytes(value) => query.bind(value),
    }
}

/// What a query can run on: a database (reads) or a transaction.
pub trait Executor: Send {
    /// Runs a query that returns rows.
    fn rows(self, query: Query) -> impl Future<Output = StoreResult<Vec<Row>>> + Send;
    /// Runs one of several queries that return rows.
    fn some_rows(&mut self, query: Query) -> impl Future<Output = StoreResult<Vec<Row>>> + Send;
    /// Runs a statement; the number of rows that it changed.
    fn run(self, query: Query) -> impl Future<Output = StoreResult<u64>> + Send;
}
