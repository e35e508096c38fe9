using ActorSockets.Configuration;

namespace ActorSockets.Host;

/// <summary>
/// Standard input in a temporary file, so that each target reads it at its own pace and again after a lost connection. On
/// Linux the file has no name any more when it is used: it is gone with the process, however that ends.
/// </summary>
internal sealed class Spool : IDisposable
{
    private readonly FileStream _file;
    private readonly string _name;

    private Spool(FileStream file, string name)
    {
        _file = file;
        _name = name;
        Path = name;
        if (!OperatingSystem.IsLinux())
            return;
        File.Delete(name);
        Path = $"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}";
    }

    /// <summary>What a payload opens.</summary>
    public string Path { get; }

    /// <exception cref="SettingsException">It does not fit on the disk.</exception>
    public static async Task<Spool> ReadStandardInputAsync(CancellationToken cancellation)
    {
        var name = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"actorsockets-{Guid.NewGuid():N}");
        Spool? spool = null;
        try
        {
            spool = new Spool(new FileStream(name, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete), name);
            await using var input = Console.OpenStandardInput();
            await input.CopyToAsync(spool._file, cancellation);
            await spool._file.FlushAsync(cancellation);
            return spool;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            spool?.Dispose();
            throw new SettingsException("standard input", $"cannot be read, or not be kept in {System.IO.Path.GetTempPath()}: {e.Message}");
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        File.Delete(_name);
    }
}
