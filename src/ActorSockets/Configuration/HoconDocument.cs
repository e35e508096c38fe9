using Akka.Configuration;

namespace ActorSockets.Configuration;

/// <summary>A HOCON text that has been read.</summary>
/// <param name="Source">A file's path, or the option and its argument.</param>
/// <param name="HasLines">Whether a line means something to the user: not for an option.</param>
/// <param name="Config">What the text says.</param>
/// <param name="Outline">Which line says it.</param>
internal sealed record HoconDocument(string Source, bool HasLines, Config Config, HoconNode Outline)
{
    /// <summary><c>file:line</c>, or the option without its argument.</summary>
    public string Place(int line) => HasLines ? $"{Source}:{line}" : Source.Split(' ')[0];
}
