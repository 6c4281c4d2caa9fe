//! What leads to what: the items of one answer are the subjects of further calls.

use azimuth_ids::{IdRef, eq_fold, fold};
use jiff::SignedDuration;

use super::fetch::Job;
use super::work::{Work, name_of, names, new_job};
use crate::json::{Item, Next};
use crate::plan::{Call, Finds, Subject};

/// Requests in one Graph batch, the service's limit.
const BATCH: usize = 20;

impl Work<'_> {
    /// Makes the calls that items lead to.
    pub(super) fn found(&mut self, index: usize, items: &[Item]) {
        let Some(finds) = self.calls[index].finds else { return };
        for item in items {
            let Some(id) = item.id.as_deref() else { continue };
            let usable = match finds {
                Finds::Users | Finds::Groups | Finds::DirectoryRoles => is_graph_id(id),
                _ => is_arm_id(id),
            };
            if !usable {
                continue;
            }
            let subject = Some(std::slice::from_ref(item.id.as_ref().expect("checked above")));
            match finds {
                Finds::Subscriptions if self.is_wanted(item) => {
                    if !self.subscriptions.iter().any(|known| eq_fold(known, id)) {
                        self.subscriptions.push(id.to_owned());
                    }
                    self.ask_all(Subject::Subscription, subject);
                }
                Finds::ManagementGroups => {
                    self.ask_all(Subject::ManagementGroup, subject);
                    if item.name.is_some() && item.name == item.properties.tenant_id {
                        self.root_found = true;
                        self.ask_all(Subject::RootManagementGroup, subject);
                    }
                }
                Finds::Resources => {
                    let kind = item.r#type.clone().or_else(|| self.calls[index].types.first().cloned());
                    let kind = kind.unwrap_or_default();
                    self.ask_where(&|call| call.is_for_resource(&kind, item.kind.as_deref()), subject);
                }
                Finds::Users => self.ask_all(Subject::User, subject),
                Finds::Groups => self.ask_all(Subject::Group, subject),
                Finds::DirectoryRoles => self.ask_all(Subject::DirectoryRole, subject),
                Finds::Subscriptions | Finds::Tree => {}
            }
        }
    }

    fn is_wanted(&self, subscription: &Item) -> bool {
        let options = self.options;
        let id = subscription.id.as_deref().unwrap_or_default();
        let listed = options.subscriptions.is_empty()
            || options.subscriptions.iter().any(|wanted| {
                eq_fold(wanted.rsplit('/').next().unwrap_or(wanted), id.rsplit('/').next().unwrap_or(id))
            });
        let same_tenant = match (&options.tenant, &subscription.tenant_id) {
            (Some(wanted), Some(found)) => eq_fold(wanted, found),
            _ => true,
        };
        listed && same_tenant
    }

    pub(super) fn ask_all(&mut self, subject: Subject, subjects: Option<&[String]>) {
        self.ask_where(&|call| call.subject == subject && !call.is_fallback(), subjects);
    }

    pub(super) fn ask_where(&mut self, wanted: &dyn Fn(&Call) -> bool, subjects: Option<&[String]>) {
        let calls = self.calls;
        for (index, _) in calls.iter().enumerate().filter(|(_, call)| wanted(call)) {
            self.ask(index, subjects.unwrap_or_default());
        }
    }

    /// Queues a call unless it was asked before; what is recorded of it is taken up instead.
    fn ask(&mut self, index: usize, subjects: &[String]) {
        let mut new = false;
        for subject in names(subjects) {
            let key = (index, fold(subject).into_owned());
            new |= !self.answered.contains_key(&key);
            self.answered.entry(key).or_insert(false);
        }
        if !new {
            return;
        }
        self.summary.planned += 1;
        let call = &self.calls[index];
        if let Some(found) = self.recorded.by_call.remove(&name_of(call, subjects)) {
            self.replays.push_back((index, subjects.to_vec(), found));
        } else if call.batch {
            let waiting = self.waiting.entry(index).or_default();
            waiting.extend_from_slice(subjects);
            if waiting.len() >= BATCH {
                let subjects = std::mem::take(waiting);
                self.queue(Job { subjects, ..new_job(index) });
            }
        } else {
            self.queue(Job { subjects: subjects.to_vec(), ..new_job(index) });
        }
    }

    pub(super) fn flush_batches(&mut self) {
        for (index, subjects) in std::mem::take(&mut self.waiting) {
            if !subjects.is_empty() {
                self.queue(Job { subjects, ..new_job(index) });
            }
        }
    }

    fn queue(&mut self, job: Job) {
        self.queues[self.calls[job.call].service() as usize].push_back(job);
    }

    /// Takes up what earlier runs recorded of the calls just asked.
    pub(super) fn settle(&mut self) {
        while let Some((index, subjects, found)) = self.replays.pop_front() {
            if found.tree.is_some() {
                self.tree = found.tree;
            }
            self.found(index, &found.items);
            if found.done {
                self.summary.resumed += 1;
                self.finish(index, &subjects, true);
                continue;
            }
            let lifetime =
                SignedDuration::try_from(self.options.link_lifetime).unwrap_or(SignedDuration::MAX);
            let now = self.clock.now();
            let next = found.next.filter(|(_, read)| now.duration_since(*read) < lifetime);
            let next = next.map(|(next, _)| next).filter(|next| match next {
                Next::Link(link) => self.endpoints.same_origin(self.calls[index].service(), link),
                Next::Token(_) => true,
            });
            let followed = next.iter().cloned().collect();
            self.queue(Job { subjects, next, followed, ..new_job(index) });
        }
    }
}

fn is_graph_id(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_arm_id(id: &str) -> bool {
    id.len() <= 2_048
        && IdRef::parse(id).is_ok()
        && id.split('/').skip(1).all(|segment| !matches!(segment, "" | "." | ".."))
}
