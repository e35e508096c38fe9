using ActorSockets.Benchmarks;
using ActorSockets.Benchmarks.DotNetPeers;

// A peer's cold start is measured: it does not load the command line's parser.
return args is ["peer", var name, .. var arguments]
    ? await Peer.RunAsync(name, arguments)
    : await CommandLine.RunAsync(args);
