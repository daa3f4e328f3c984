DROP TABLE bailiwick.strays, bailiwick.former, bailiwick.members, bailiwick.users;
