using ActorSockets.Configuration;

namespace ActorSockets.Host;

/// <summary>
/// A temporary copy of standard input or of a pipe, so that each target reads it at its own pace and again after a lost
/// connection. Only this user may read the file, from the moment it exists. On Linux it loses its name at once, and the
/// kernel deletes it with the process, however that ends.
/// </summary>
internal sealed class Spool : IDisposable
{
    private readonly FileStream _file;
    private readonly string _name;

    private Spool(string name)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        _file = new FileStream(name, options);
        _name = name;
        Path = name;
        if (!OperatingSystem.IsLinux())
            return;
        File.Delete(name);
        Path = $"/proc/self/fd/{_file.SafeFileHandle.DangerousGetHandle()}";
    }

    /// <summary>What a payload opens.</summary>
    public string Path { get; }

    /// <summary>Standard input, or a file that has no positions or no length; null for a regular file, which needs no copy.</summary>
    /// <exception cref="SettingsException">It cannot be read, or does not fit on the disk.</exception>
    public static async Task<Spool?> ReadAsync(string file, CancellationToken cancellation)
    {
        if (file is "-" or "/dev/stdin")
        {
            if (StandardDescriptors.IsClosed(0))
                throw new SettingsException("standard input", "is closed: redirect it from a file, a pipe or /dev/null");
            await using var input = Console.OpenStandardInput();
            return await CopyAsync("standard input", input, cancellation);
        }

        try
        {
            // Opened once: a FIFO whose reader closes it breaks its writer.
            await using var input = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            return input.CanSeek && input.Length > 0 ? null : await CopyAsync(file, input, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The check of the settings finds the same error, and words it.
            return null;
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        if (!OperatingSystem.IsLinux())
            File.Delete(_name);
    }

    private static async Task<Spool> CopyAsync(string name, Stream input, CancellationToken cancellation)
    {
        var spool = Create(name);
        try
        {
            var buffer = new byte[128 * 1024];
            while (await ReadAsync(name, input, buffer, cancellation) is > 0 and var count)
                await WriteAsync(name, spool._file, buffer.AsMemory(0, count), cancellation);
            return spool;
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }

    private static Spool Create(string of)
    {
        try
        {
            return new Spool(System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"actorsockets-{Guid.NewGuid():N}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotKept(of, e);
        }
    }

    private static async ValueTask<int> ReadAsync(string name, Stream input, byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            return await input.ReadAsync(buffer, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException(name, $"cannot be read: {e.Message}");
        }
    }

    private static async ValueTask WriteAsync(string of, FileStream file, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            await file.WriteAsync(bytes, cancellation);
            await file.FlushAsync(cancellation);
        }
        catch (ArgumentOutOfRangeException)
        {
            // .NET's exception for EFBIG (10).
            throw NotKept(of, new IOException("File too large"));
        }
        catch (IOException e)
        {
            throw NotKept(of, e);
        }
    }

    private static SettingsException NotKept(string of, Exception e) =>
        new(of, $"cannot be copied into {System.IO.Path.GetTempPath()}: {e.Message}; set TMPDIR to a directory with room");
}
