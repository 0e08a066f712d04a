package ai.in10nt.contracts;

/** Why something failed: a stable snake_case word for programs, a sentence for people. */
public record Failure(String code, String detail) {}
