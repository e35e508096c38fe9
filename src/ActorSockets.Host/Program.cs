return await ActorSockets.Host.Commands.CommandLine.RunAsync(args);
