DROP TABLE bailiwick.attempts, bailiwick.identities, bailiwick.sessions;
