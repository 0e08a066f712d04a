package ai.in10nt.contracts;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What a run used, summed over all its model calls.
 *
 * @param cost in US dollars: the provider's own figure where it gives one, else the configured price
 */
public record Usage(
        @JsonProperty("total_tokens") long totalTokens,
        @JsonProperty("input_tokens") long inputTokens,
        @JsonProperty("output_tokens") long outputTokens,
        @JsonProperty("model_calls") int modelCalls,
        double cost) {}
