// Entry points of NVIDIA's driver that the emulator lacks: each answers CUDA_ERROR_NOT_SUPPORTED and is named by dwarf_emu_why, so that code which
// comes to need one fails with the reason and not in the loader.
#include "driver.h"

#define LACKS(name)                                                                                                                        \
    extern "C" EXPORT dwarf::CUresult name() { return dwarf::not_supported(#name); }

// contexts
LACKS(cuCtxCreate_v2) LACKS(cuCtxCreate_v4) LACKS(cuCtxDestroy_v2) LACKS(cuCtxSetLimit) LACKS(cuCtxGetLimit) LACKS(cuCtxSetCacheConfig)
LACKS(cuCtxEnablePeerAccess) LACKS(cuCtxDisablePeerAccess) LACKS(cuCtxGetStreamPriorityRange) LACKS(cuCtxResetPersistingL2Cache)
LACKS(cuDevicePrimaryCtxSetFlags_v2) LACKS(cuDevicePrimaryCtxGetState) LACKS(cuDeviceCanAccessPeer) LACKS(cuDeviceGetPCIBusId)
LACKS(cuDeviceGetByPCIBusId) LACKS(cuDeviceGetDefaultMemPool) LACKS(cuDeviceGetMemPool) LACKS(cuDeviceSetMemPool) LACKS(cuDeviceComputeCapability)
LACKS(cuGetProcAddress_v2) LACKS(cuGetExportTable)
// modules and libraries
LACKS(cuModuleLoad) LACKS(cuModuleLoadFatBinary) LACKS(cuModuleGetLoadingMode) LACKS(cuModuleGetTexRef) LACKS(cuModuleGetSurfRef)
LACKS(cuLibraryLoadData) LACKS(cuLibraryGetKernel) LACKS(cuLibraryUnload) LACKS(cuKernelGetFunction) LACKS(cuLinkCreate_v2) LACKS(cuLinkAddData_v2)
LACKS(cuLinkComplete) LACKS(cuLinkDestroy) LACKS(cuFuncGetModule) LACKS(cuFuncGetName) LACKS(cuFuncLoad)
// launches
LACKS(cuLaunchKernelEx) LACKS(cuLaunchCooperativeKernel) LACKS(cuLaunchCooperativeKernelMultiDevice) LACKS(cuLaunch) LACKS(cuLaunchGrid)
LACKS(cuOccupancyMaxPotentialBlockSize) LACKS(cuOccupancyAvailableDynamicSMemPerBlock) LACKS(cuOccupancyMaxActiveClusters)
LACKS(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags) LACKS(cuFuncSetSharedMemConfig)
// memory
LACKS(cuMemAllocManaged) LACKS(cuMemAllocPitch_v2) LACKS(cuMemAllocAsync) LACKS(cuMemFreeAsync) LACKS(cuMemAllocFromPoolAsync) LACKS(cuMemPoolCreate)
LACKS(cuMemPoolDestroy) LACKS(cuMemPoolSetAttribute) LACKS(cuMemPoolTrimTo) LACKS(cuMemHostRegister_v2) LACKS(cuMemHostUnregister)
LACKS(cuMemHostGetFlags) LACKS(cuMemPrefetchAsync) LACKS(cuMemAdvise) LACKS(cuMemCreate) LACKS(cuMemMap) LACKS(cuMemUnmap) LACKS(cuMemRelease)
LACKS(cuMemAddressReserve) LACKS(cuMemAddressFree) LACKS(cuMemSetAccess) LACKS(cuMemcpy2D_v2) LACKS(cuMemcpy2DAsync_v2) LACKS(cuMemcpy3D_v2)
LACKS(cuMemcpy3DAsync_v2) LACKS(cuMemcpyPeer) LACKS(cuMemcpyPeerAsync) LACKS(cuMemsetD2D8_v2) LACKS(cuMemsetD2D32_v2) LACKS(cuMemsetD2D8Async)
LACKS(cuMemsetD2D32Async) LACKS(cuPointerGetAttribute) LACKS(cuPointerGetAttributes) LACKS(cuPointerSetAttribute) LACKS(cuArrayCreate_v2)
LACKS(cuArrayDestroy) LACKS(cuTexObjectCreate) LACKS(cuSurfObjectCreate) LACKS(cuIpcGetMemHandle) LACKS(cuIpcOpenMemHandle_v2)
// streams, events, graphs
LACKS(cuStreamAddCallback) LACKS(cuStreamAttachMemAsync) LACKS(cuStreamGetFlags) LACKS(cuStreamGetPriority) LACKS(cuStreamGetCtx)
LACKS(cuStreamGetCaptureInfo_v2) LACKS(cuStreamUpdateCaptureDependencies) LACKS(cuStreamWaitValue32_v2) LACKS(cuStreamWriteValue32_v2)
LACKS(cuStreamBeginCaptureToGraph) LACKS(cuThreadExchangeStreamCaptureMode) LACKS(cuStreamSetAttribute) LACKS(cuStreamCopyAttributes)
LACKS(cuEventRecordWithFlags) LACKS(cuGraphCreate) LACKS(cuGraphClone) LACKS(cuGraphAddKernelNode_v2) LACKS(cuGraphAddMemcpyNode)
LACKS(cuGraphAddMemsetNode) LACKS(cuGraphAddHostNode) LACKS(cuGraphAddChildGraphNode) LACKS(cuGraphAddEmptyNode) LACKS(cuGraphAddDependencies)
LACKS(cuGraphGetEdges) LACKS(cuGraphGetRootNodes) LACKS(cuGraphNodeGetType) LACKS(cuGraphKernelNodeGetParams_v2) LACKS(cuGraphKernelNodeSetParams_v2)
LACKS(cuGraphExecKernelNodeSetParams_v2) LACKS(cuGraphInstantiateWithParams) LACKS(cuGraphDebugDotPrint)
LACKS(cuProfilerStart) LACKS(cuProfilerStop) LACKS(cuTensorMapEncodeTiled)
