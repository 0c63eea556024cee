//! The threads that talk to SQLite, so that nobody else waits for a disk.

use std::sync::{Arc, mpsc};
use std::thread;

use camino::Utf8Path;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use crate::StoreError;
use crate::error::Trouble;
use crate::folder::Identity;

/// How much goes into one commit at most.
const BATCH: usize = 1000;

/// Told whether what was done has been committed.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Does something in a transaction, or is told why there is none. Also says what went wrong.
type Write =
    Box<dyn FnOnce(Result<&Connection, StoreError>) -> (Answer, Option<StoreError>) + Send>;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// The thread that writes. It ends when the last handle is dropped and all is done.
#[derive(Clone)]
pub(crate) struct Writer {
    path: Arc<Utf8Path>,
    writes: mpsc::Sender<Write>,
}

impl Writer {
    /// Starts a thread that writes through `connection` to the database at `path`.
    pub(crate) fn start(
        path: Arc<Utf8Path>,
        connection: Connection,
        identity: Identity,
    ) -> Result<Self, StoreError> {
        let (writes, waiting) = mpsc::channel();
        let own_path = Arc::clone(&path);
        start("store-writer", &path, move || {
            write_all(connection, &own_path, &identity, &waiting);
        })?;
        Ok(Self { path, writes })
    }

    /// Has something done in a transaction, after all that was asked for before. What it gives
    /// comes when it is on the disk.
    pub(crate) fn write<T, W>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Trouble> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let path = Arc::clone(&self.path);
        let write: Write = Box::new(move |connection| {
            let done = connection.and_then(|connection| {
                apart(connection, work).map_err(|trouble| trouble.at(&path))
            });
            let error = done.as_ref().err().cloned();
            let answer = Box::new(move |committed: Result<(), StoreError>| {
                // Whoever asked may be gone.
                let _ = answer.send(done.and_then(|value| committed.map(|()| value)));
            });
            (answer as Answer, error)
        });
        // If the thread is gone, so is the answer's sender.
        let _ = self.writes.send(write);
        async move { answered.await.unwrap_or(Err(StoreError::Closed)) }
    }
}

/// The thread that reads.
#[derive(Clone)]
pub(crate) struct Reader {
    path: Arc<Utf8Path>,
    reads: mpsc::Sender<Read>,
}

impl Reader {
    /// Starts a thread that reads through `connection` from the database at `path`.
    pub(crate) fn start(path: Arc<Utf8Path>, connection: Connection) -> Result<Self, StoreError> {
        let (reads, waiting) = mpsc::channel::<Read>();
        start("store-reader", &path, move || {
            for read in waiting {
                read(&connection);
            }
        })?;
        Ok(Self { path, reads })
    }

    /// Has something read. It sees all that was acknowledged before.
    pub(crate) fn read<T, W>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Trouble> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let path = Arc::clone(&self.path);
        let read: Read = Box::new(move |connection| {
            // One transaction, so that all of it is of one moment.
            let done = connection
                .unchecked_transaction()
                .map_err(Trouble::from)
                .and_then(|transaction| work(&transaction));
            let _ = answer.send(done.map_err(|trouble| trouble.at(&path)));
        });
        let _ = self.reads.send(read);
        async move { answered.await.unwrap_or(Err(StoreError::Closed)) }
    }
}

fn start(
    name: &str,
    path: &Utf8Path,
    body: impl FnOnce() + Send + 'static,
) -> Result<(), StoreError> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(body);
    started.map(drop).map_err(|source| StoreError::Folder {
        path: path.to_owned(),
        source: Arc::new(source),
    })
}

/// Group commit: what arrived during one commit goes into the next.
fn write_all(
    mut connection: Connection,
    path: &Utf8Path,
    identity: &Identity,
    waiting: &mpsc::Receiver<Write>,
) {
    while let Ok(first) = waiting.recv() {
        let batch = std::iter::once(first).chain(waiting.try_iter().take(BATCH - 1));
        let mut answers = Vec::new();
        let committed = identity
            .check(path)
            .and_then(|()| begin(&mut connection, path));
        let committed = match committed {
            Ok(transaction) => commit(transaction, path, batch, &mut answers),
            Err(error) => refuse(batch, error, &mut answers),
        };
        for answer in answers {
            answer(committed.clone());
        }
    }
}

fn begin<'a>(
    connection: &'a mut Connection,
    path: &Utf8Path,
) -> Result<Transaction<'a>, StoreError> {
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| Trouble::from(error).at(path))
}

fn commit(
    transaction: Transaction<'_>,
    path: &Utf8Path,
    mut batch: impl Iterator<Item = Write>,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    while let Some(write) = batch.next() {
        let (answer, error) = write(Ok(&transaction));
        answers.push(answer);
        if transaction.is_autocommit() {
            // A full or failing disk undoes the whole transaction, not this write alone.
            return refuse(batch, error.unwrap_or(StoreError::Closed), answers);
        }
    }
    transaction
        .commit()
        .map_err(|error| Trouble::from(error).at(path))
}

fn refuse(
    batch: impl Iterator<Item = Write>,
    error: StoreError,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    for write in batch {
        let (answer, _) = write(Err(error.clone()));
        answers.push(answer);
    }
    Err(error)
}

/// Does something that leaves no trace in the transaction if it fails.
fn apart<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    connection.execute_batch("SAVEPOINT apart")?;
    let done = work(connection);
    match &done {
        Ok(_) => connection.execute_batch("RELEASE apart")?,
        Err(_) if connection.is_autocommit() => {}
        Err(_) => connection.execute_batch("ROLLBACK TO apart; RELEASE apart")?,
    }
    done
}
