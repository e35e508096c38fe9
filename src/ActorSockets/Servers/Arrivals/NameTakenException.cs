namespace ActorSockets.Servers.Arrivals;

/// <summary>Something has the name of a delivery, and it is neither replaced nor kept beside.</summary>
internal sealed class NameTakenException(string path) : IOException($"{path} is there already (name-conflict = refuse)");
