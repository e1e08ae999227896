"""Model calls: structured output from any chat model, retries, metering, embedding batches."""
