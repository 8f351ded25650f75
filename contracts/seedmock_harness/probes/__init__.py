"""Steps of a verification: free ones that must be rejected, and paid ones that follow a task to its end."""
