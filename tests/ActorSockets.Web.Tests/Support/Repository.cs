using System.Runtime.CompilerServices;

namespace ActorSockets.Web.Tests.Support;

/// <summary>Where the documents are.</summary>
internal static class Repository
{
    public static string Root { get; } = Directory.GetParent(Here())!.Parent!.Parent!.Parent!.FullName;

    private static string Here([CallerFilePath] string path = "") => path;
}
