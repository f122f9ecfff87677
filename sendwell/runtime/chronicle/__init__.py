"""What is to be told to the history: stored with the moves it tells of, gone when it is there."""
