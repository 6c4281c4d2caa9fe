//! What ends a query before its time: its deadline, whoever cancels it, memory; and what is measured of it meanwhile.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use azimuth_rows::Failure;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionState;
use futures_util::future::{self, Either};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::engine::Settings;
use crate::error::QueryError;
use crate::limits::Limits;
use crate::progress::Progress;

/// Ends queries from outside. Clones are one: a query that was given one ends soon after any of them is cancelled, its row
/// operators too.
#[derive(Clone, Default)]
pub struct Cancellation(Arc<Shared>);

#[derive(Default)]
struct Shared {
    is_cancelled: AtomicBool,
    waiting: Notify,
}

impl Cancellation {
    /// One that nobody cancelled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the queries that were given this one, for good.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::Release);
        self.0.waiting.notify_waiters();
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::Acquire)
    }

    async fn cancelled(&self) {
        let notified = self.0.waiting.notified();
        let mut notified = pin!(notified);
        // In line before the question, so that no call between the two is missed.
        notified.as_mut().enable();
        if !self.is_cancelled() {
            notified.await;
        }
    }
}

impl fmt::Debug for Cancellation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Cancellation").field(&self.is_cancelled()).finish()
    }
}

/// The watch over one query.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) limits: Limits,
    cancellation: Cancellation,
    pub(crate) progress: Progress,
    deadline: Instant,
    /// Nobody reads the results any more
    is_abandoned: AtomicBool,
    /// Results that are still read
    readers: AtomicUsize,
    memory: Arc<Budget>,
    kept: Mutex<Vec<MemoryReservation>>,
}

impl Guard {
    pub(crate) fn new(limits: Limits, settings: &Settings, started: Instant) -> Arc<Self> {
        let far = std::time::Duration::from_secs(365 * 86_400);
        Arc::new(Self {
            limits,
            cancellation: settings.cancellation.clone(),
            progress: settings.progress.clone(),
            deadline: started + limits.time.min(far),
            is_abandoned: AtomicBool::new(false),
            readers: AtomicUsize::new(0),
            memory: Arc::new(Budget { pool: FairSpillPool::new(limits.memory), most: AtomicUsize::new(0) }),
            kept: Mutex::default(),
        })
    }

    /// Whether work for the query is in vain. Asked by whatever computes for long without a pause.
    pub(crate) fn is_over(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed)
            || self.cancellation.is_cancelled()
            || Instant::now() >= self.deadline
    }

    /// Ready, with the reason, when the query has to end.
    pub(crate) async fn over(&self) -> QueryError {
        let (late, cancelled) = (tokio::time::sleep_until(self.deadline), self.cancellation.cancelled());
        match future::select(pin!(late), pin!(cancelled)).await {
            Either::Left(_) => QueryError::TimedOut(self.limits.time),
            Either::Right(_) => QueryError::Cancelled,
        }
    }

    /// The outcome of work, or why the query ended before.
    pub(crate) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, QueryError>>,
    ) -> Result<T, QueryError> {
        // The end first: work that is always ready would never let it be asked for.
        match future::select(pin!(self.over()), pin!(work)).await {
            Either::Left((why, _)) => Err(why),
            Either::Right((done, _)) => done,
        }
    }

    /// The memory that the query may have.
    pub(crate) fn pool(&self) -> Arc<dyn MemoryPool> {
        self.memory.clone()
    }

    /// Memory that is held until the query ends.
    pub(crate) fn keep(&self, reservation: MemoryReservation) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(reservation);
    }

    /// The most memory that operators held at a time, bytes.
    pub(crate) fn most_memory(&self) -> u64 {
        self.memory.most.load(Ordering::Relaxed) as u64
    }

    /// What plans of the query run with.
    pub(crate) fn task(&self, state: &SessionState) -> Arc<TaskContext> {
        let shared = state.runtime_env();
        let runtime = RuntimeEnv {
            memory_pool: self.memory.clone(),
            disk_manager: shared.disk_manager.clone(),
            cache_manager: shared.cache_manager.clone(),
            object_store_registry: shared.object_store_registry.clone(),
        };
        Arc::new(TaskContext::from(state).with_runtime(Arc::new(runtime)))
    }

    /// A failure inside a plan, as the query's.
    pub(crate) fn error(&self, error: DataFusionError) -> QueryError {
        match QueryError::from_engine(error, &self.limits) {
            QueryError::Failed(Failure::Interrupted) if self.cancellation.is_cancelled() => {
                QueryError::Cancelled
            }
            QueryError::Failed(Failure::Interrupted) => QueryError::TimedOut(self.limits.time),
            other => other,
        }
    }

    /// A reader of a result; when the last one goes, work that nobody waits for ends.
    pub(crate) fn reader(self: &Arc<Self>) -> Reader {
        self.readers.fetch_add(1, Ordering::Relaxed);
        Reader(self.clone())
    }
}

pub(crate) struct Reader(pub(crate) Arc<Guard>);

impl Drop for Reader {
    fn drop(&mut self) {
        if self.0.readers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.is_abandoned.store(true, Ordering::Relaxed);
        }
    }
}

/// The memory of one query, and the most of it that was in use.
#[derive(Debug)]
struct Budget {
    pool: FairSpillPool,
    most: AtomicUsize,
}

impl Budget {
    fn note(&self) {
        self.most.fetch_max(self.pool.reserved(), Ordering::Relaxed);
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pool.fmt(out)
    }
}

impl MemoryPool for Budget {
    fn name(&self) -> &str {
        "query"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.pool.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.pool.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.pool.grow(reservation, additional);
        self.note();
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.pool.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.pool.try_grow(reservation, additional)?;
        self.note();
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.pool.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.pool.memory_limit()
    }
}
