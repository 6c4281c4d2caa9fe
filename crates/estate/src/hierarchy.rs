//! Management groups and subscriptions: the tree above the resources.
