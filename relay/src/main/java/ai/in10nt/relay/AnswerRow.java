package ai.in10nt.relay;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

/** That a command was decided, and how. */
@Entity
@Table(name = "answer")
class AnswerRow {
    @Id
    @Column(name = "command_id")
    String commandId = "";

    String subject = "";
    String outcome = "";
    Instant at = Instant.EPOCH;
}
