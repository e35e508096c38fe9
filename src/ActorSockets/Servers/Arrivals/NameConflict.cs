namespace ActorSockets.Servers.Arrivals;

/// <summary>What the file sink does when a delivery has the name of a file that is there already.</summary>
public enum NameConflict
{
    /// <summary>Both stay; the later one becomes <c>NAME-2.EXT</c>, or the first free number.</summary>
    KeepBoth,

    /// <summary>The later one takes the place of the earlier one.</summary>
    Replace,

    /// <summary>The later one is refused for good.</summary>
    Refuse,
}
