"""Step 6, serving: events are taken in, and answers given, from a run's live bundle and a store."""
