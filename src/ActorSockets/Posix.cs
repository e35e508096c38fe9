using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace ActorSockets;

/// <summary>What .NET 10 does not offer of the file system, from the C library. Does nothing on Windows.</summary>
internal static class Posix
{
    private const int ReadOnly = 0;
    private const int SeekCurrent = 1;

    // O_NONBLOCK of Linux, and of macOS and the BSDs.
    private static readonly int NonBlocking = OperatingSystem.IsLinux() ? 0x800 : 0x4;

    /// <summary>
    /// A rename is on the disk only when its directory is flushed too (fsync(2), notes), and .NET opens no directories.
    /// Windows flushes directory entries with its journal.
    /// </summary>
    /// <exception cref="IOException">The directory cannot be opened or flushed.</exception>
    public static void FlushDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
            return;

        var handle = Open(Encoding.UTF8.GetBytes(directory + '\0'), ReadOnly);
        if (handle < 0)
            throw Failed(directory);
        var flushed = Fsync(handle);
        var failure = flushed < 0 ? Failed(directory) : null;
        _ = Close(handle);
        if (failure is not null)
            throw failure;
    }

    /// <summary>
    /// Whether a file has positions: a pipe has none, and opening one as .NET does blocks a thread until somebody writes.
    /// True for what cannot be opened: opening it in earnest will say why.
    /// </summary>
    public static bool HasPositions(string path)
    {
        if (OperatingSystem.IsWindows())
            return true;

        var handle = Open(Encoding.UTF8.GetBytes(path + '\0'), ReadOnly | NonBlocking);
        if (handle < 0)
            return true;
        using var file = new SafeFileHandle(handle, ownsHandle: true);
        return Seek(handle, 0, SeekCurrent) >= 0;
    }

    private static IOException Failed(string directory) =>
        new($"{directory} cannot be flushed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [DllImport("libc", EntryPoint = "open", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "lseek"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long Seek(int handle, long offset, int origin);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fsync(int handle);

    [DllImport("libc", EntryPoint = "close"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int handle);
}
