package ai.in10nt.benchmarks;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** Single-row commits in the stack's own PostgreSQL, fsync on: one INSERT, one commit. */
final class RawCommits implements AutoCloseable {
    private final Connection connection;
    private final PreparedStatement insert;

    RawCommits(Target target) throws SQLException {
        this.connection = target.database();
        try (var statement = connection.createStatement()) {
            statement.execute("create table if not exists benchmark_commit (id bigserial primary key, data bytea)");
            try (var fsync = statement.executeQuery("show fsync")) {
                fsync.next();
                if (!fsync.getString(1).equals("on")) {
                    throw new IllegalStateException("fsync is off: the comparison would be false");
                }
            }
        }
        this.insert = connection.prepareStatement("insert into benchmark_commit (data) values (?)");
    }

    /** Nanoseconds. */
    long commit(byte[] value) {
        long began = System.nanoTime();
        try {
            insert.setBytes(1, value);
            insert.executeUpdate();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        return System.nanoTime() - began;
    }

    @Override
    public void close() throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("drop table benchmark_commit");
        }
        connection.close();
    }
}
