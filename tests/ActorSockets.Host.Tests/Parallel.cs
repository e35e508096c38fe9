// Specs mostly wait for programs.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
