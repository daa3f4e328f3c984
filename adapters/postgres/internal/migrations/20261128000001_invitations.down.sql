DROP FUNCTION bailiwick.find_invitation(bytea);
DROP TABLE bailiwick.invitations;
