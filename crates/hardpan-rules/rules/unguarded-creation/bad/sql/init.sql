-- The application's own schema.
CREATE SCHEMA app;
CREATE TABLE app.t (id int);
